import { setTimeout as sleep } from "node:timers/promises";

/** The addresses of a stack that lives by this clock. */
export interface Hooks {
  /** `POST {now}` before anything of a step is delivered. */
  clockHookUrl?: string | undefined;
  /** `GET ?now=…[&finalizing=in_…]…`, each draft that is about to be: 200 settled, 409 not yet. */
  settledHookUrl?: string | undefined;
  /** How long a step waits to be settled, milliseconds. */
  settleTimeoutMs: number;
  /** Ends all waiting when the sandbox closes. */
  closing: AbortSignal;
}

/** The clock could not move: a hook failed (502) or did not settle in time (504). */
export class ClockStopped extends Error {
  readonly status: 502 | 504;

  constructor(status: 502 | 504, message: string) {
    super(message);
    this.name = "ClockStopped";
    this.status = status;
  }
}

const hookTimeout = 10_000;
/** Milliseconds between questions: often at first, as most steps settle at once. */
const [firstPause, longestPause] = [5, 100];

/** Tells the stack what time it is going to be. Throws ClockStopped (502) unless it answers 2xx. */
export async function tellClock(hooks: Hooks, now: number): Promise<void> {
  if (!hooks.clockHookUrl) return;
  const result = await attempt(hooks, hooks.clockHookUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ now: new Date(now).toISOString() }),
  });
  if (result !== "ok") throw new ClockStopped(502, `the clock hook ${hooks.clockHookUrl} failed: ${result}`);
}

/** Waits until the stack has settled. Throws ClockStopped (504) when that takes too long. */
export async function awaitSettled(
  hooks: Hooks,
  now: number,
  finalizing: readonly string[] = [],
): Promise<void> {
  if (!hooks.settledHookUrl) return;
  const url = new URL(hooks.settledHookUrl);
  url.searchParams.set("now", new Date(now).toISOString());
  for (const draft of finalizing) url.searchParams.append("finalizing", draft);
  const until = Date.now() + hooks.settleTimeoutMs;
  for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
    const result = await attempt(hooks, url.href, { method: "GET" });
    if (result === "ok") return;
    assertOpen(hooks);
    if (Date.now() >= until) {
      const [one, ...more] = finalizing;
      const all = more.length > 0 ? `${one} and ${more.length} more are` : `${one} is`;
      const what = one === undefined ? "after the step" : `before invoice ${all} finalized`;
      const waited = `${hooks.settleTimeoutMs} ms`;
      throw new ClockStopped(504, `not settled ${what} within ${waited}; the hook's last answer: ${result}`);
    }
    await sleep(pause);
  }
}

/** Throws ClockStopped (502) once the sandbox is closing. */
export function assertOpen(hooks: Hooks): void {
  if (hooks.closing.aborted) throw new ClockStopped(502, "the sandbox is closing");
}

async function attempt(hooks: Hooks, url: string, init: RequestInit): Promise<string> {
  try {
    const response = await fetch(url, {
      ...init,
      signal: AbortSignal.any([hooks.closing, AbortSignal.timeout(hookTimeout)]),
    });
    const text = await response.text();
    return response.ok ? "ok" : `${response.status} ${text.slice(0, 200)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
