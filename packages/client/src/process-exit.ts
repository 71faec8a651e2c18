export type ExitSignal = "SIGTERM" | "SIGINT";
type ExitEvent = ExitSignal | "beforeExit";
type Drain = () => Promise<void>;

/** One listener per event for all meters of the process: each must have drained before a signal takes its course. */
const drains = new Map<ExitEvent, Set<Drain>>();
const listeners = new Map<ExitEvent, () => void>();

/**
 * Calls `drain` when the process has nothing more to do, and at the given signals. A signal is not swallowed: once all
 * is drained it is raised again, unless the application listens for it itself and so decides when to end. Does nothing
 * where there is no process. Answers how to stop watching.
 */
export function watchExit(drain: Drain, signals: readonly ExitSignal[]): () => void {
  const events: ExitEvent[] = ["beforeExit", ...signals];
  for (const event of events) watch(event, drain);
  return () => {
    for (const event of events) unwatch(event, drain);
  };
}

function watch(event: ExitEvent, drain: Drain): void {
  const process = processHere();
  if (process === null) return;
  const set = drains.get(event) ?? new Set();
  drains.set(event, set.add(drain));
  if (listeners.has(event) || ending.has(event)) return;
  const listener = () => {
    if (event === "beforeExit") for (const one of [...set]) void one();
    else void endBy(event, set);
  };
  listeners.set(event, listener);
  process.on(event, listener);
}

function unwatch(event: ExitEvent, drain: Drain): void {
  const set = drains.get(event);
  set?.delete(drain);
  if (set === undefined || set.size === 0) stopListening(event);
}

function stopListening(event: ExitEvent): void {
  const listener = listeners.get(event);
  listeners.delete(event);
  if (listener !== undefined) processHere()?.off(event, listener);
}

/** Signals that are being answered: what is recorded meanwhile must not catch them again. */
const ending = new Set<ExitEvent>();

async function endBy(signal: ExitSignal, set: ReadonlySet<Drain>): Promise<void> {
  ending.add(signal);
  // From here on the same signal again ends the process at once, as it would without us.
  stopListening(signal);
  await Promise.allSettled([...set].map((drain) => drain()));
  const process = processHere();
  if (process?.listenerCount(signal) === 0) process.kill(process.pid, signal);
  ending.delete(signal);
}

function processHere() {
  const { process } = globalThis as { process?: NodeJS.Process };
  return typeof process?.on === "function" && typeof process.kill === "function" ? process : null;
}
