import { type RefObject, useEffect } from "react";

/** Puts the focus on the field of a form in it, once a dialog has put it on its first control. */
export function useFocusWithin(form: RefObject<HTMLElement | null>, selector: string | null): void {
  useEffect(() => {
    if (selector === null) return;
    const timer = setTimeout(() => form.current?.querySelector<HTMLElement>(selector)?.focus());
    return () => clearTimeout(timer);
  }, [form, selector]);
}
