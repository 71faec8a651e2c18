/** What one look found. `skipped`: it needs something that another line says is wrong. */
export interface Finding {
  state: "ok" | "warning" | "fault" | "skipped";
  /** What is there, on one line. */
  found: string;
  /** The one thing to do. */
  advice?: string;
}

export const ok = (found: string): Finding => ({ state: "ok", found });
export const warning = (found: string, advice: string): Finding => ({ state: "warning", found, advice });
export const fault = (found: string, advice: string): Finding => ({ state: "fault", found, advice });
export const skipped = (needs: string): Finding => ({ state: "skipped", found: `needs ${needs}` });

/** An error on one line: that of its cause where that says more, as with fetch and lists of addresses. */
export function messageOf(error: unknown): string {
  const { message, cause, code, errors } = error as Error & { code?: string; errors?: unknown[] };
  if (message === "" && errors?.[0] !== undefined) {
    return messageOf(errors[0]);
  }
  const text = cause instanceof Error ? messageOf(cause) : message || code || String(error);
  return text.replace(/\s+/g, " ").trim();
}

/** `1 migration`, `2 migrations`. */
export function count(many: number, noun: string): string {
  return `${many} ${noun}${many === 1 ? "" : "s"}`;
}

/** `3 s`, `5 min`, `2 h`, `4 d`: how long, roughly. */
export function duration(seconds: number): string {
  const steps: [string, number][] = [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
  ];
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= 2 * length) ?? ["s", 1];
  return `${Math.round(seconds / size)} ${unit}`;
}
