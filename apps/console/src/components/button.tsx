import type { ButtonHTMLAttributes, ReactNode } from "react";

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind?: "primary" | "danger" | "quiet";
  /** Why it cannot be used now: it stays reachable and says so. */
  reason?: string | null;
  /** Its action is under way. */
  busy?: boolean;
  children: ReactNode;
};

export function Button({
  kind,
  reason,
  busy = false,
  children,
  onClick,
  type = "button",
  ...rest
}: ButtonProps) {
  const blocked = busy || Boolean(reason);
  return (
    <button
      {...rest}
      type={type}
      className="hr-button"
      data-kind={kind}
      aria-disabled={blocked || undefined}
      aria-busy={busy || undefined}
      title={reason ?? rest.title}
      onClick={blocked ? (event) => event.preventDefault() : onClick}
    >
      {children}
      {reason ? <span className="hr-hidden">{`(${reason})`}</span> : null}
    </button>
  );
}
