import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";

const shownMs = 6_000;
type Toast = { id: number; text: string };

const ToastContext = createContext<(text: string) => void>(() => {});

/** Short notes that something is done. They go by themselves, so nothing that must be read is one. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const next = useRef(0);
  const show = useCallback((text: string) => {
    next.current += 1;
    const id = next.current;
    setToasts((shown) => [...shown, { id, text }]);
    setTimeout(() => setToasts((shown) => shown.filter((toast) => toast.id !== id)), shownMs);
  }, []);
  const list = useMemo(() => toasts.map(({ id, text }) => <p key={id}>{text}</p>), [toasts]);
  return (
    <ToastContext value={show}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {list}
      </div>
    </ToastContext>
  );
}

/** Says that something is done. */
export function useToast(): (text: string) => void {
  return useContext(ToastContext);
}
