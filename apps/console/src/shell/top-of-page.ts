import { useEffect } from "react";

/** Another page begins at its top; going back comes to where one was, and another filter of the same page moves nothing. */
export function useTopOfPage(): void {
  useEffect(() => {
    let shown = window.location.pathname;
    // wouter says so when it has changed the address; the browser keeps the place of pages that one goes back to.
    const onPush = () => {
      if (window.location.pathname !== shown) window.scrollTo(0, 0);
      shown = window.location.pathname;
    };
    const onOther = () => {
      shown = window.location.pathname;
    };
    window.addEventListener("pushState", onPush);
    window.addEventListener("replaceState", onOther);
    window.addEventListener("popstate", onOther);
    return () => {
      window.removeEventListener("pushState", onPush);
      window.removeEventListener("replaceState", onOther);
      window.removeEventListener("popstate", onOther);
    };
  }, []);
}
