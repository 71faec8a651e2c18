import type { Logger } from "./log.ts";

/** Ends one part of the process: stop taking work, finish what runs, give back what is held. */
export type Stop = () => Promise<void> | void;

export type Lifecycle = {
  /** Registers a part. Parts stop one after another, the last one registered first. */
  onStop(name: string, stop: Stop): void;
  /** Stops every part and exits: 0 when all stopped in time, else 1. Later calls change nothing. */
  stop(reason: string, exitCode?: number): Promise<void>;
};

/**
 * Ends the process in order on SIGTERM or SIGINT, and when the parent that supervises it goes away (only when it was
 * started with an IPC channel). A second signal, or `deadlineMs` without an end, exits at once with 1. An error that
 * nobody caught is logged and ends the process with 1: its state can no longer be trusted.
 */
export function superviseProcess(log: Logger, deadlineMs = 25_000): Lifecycle {
  const parts: { name: string; stop: Stop }[] = [];
  let stopping = false;

  async function stop(reason: string, exitCode = 0): Promise<void> {
    if (stopping) return;
    stopping = true;
    log.info({ reason }, "stopping");
    const deadline = setTimeout(() => {
      log.error({ reason, deadlineMs }, "stop took too long");
      process.exit(1);
    }, deadlineMs);
    const failed = await stopParts(parts, log);
    clearTimeout(deadline);
    log.info({ reason }, "stopped");
    process.exit(failed ? 1 : exitCode);
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      void stop(signal);
    });
  }
  if (process.connected) process.once("disconnect", () => void stop("parent gone"));
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error, event }, "uncaught error");
      process.exit(1);
    });
  }
  return { onStop: (name, part) => void parts.push({ name, stop: part }), stop };
}

/** True when a part failed; the others are stopped all the same. */
async function stopParts(parts: { name: string; stop: Stop }[], log: Logger): Promise<boolean> {
  let failed = false;
  for (const { name, stop } of parts.toReversed()) {
    try {
      await stop();
    } catch (error) {
      failed = true;
      log.error({ err: error, part: name }, "part did not stop cleanly");
    }
  }
  return failed;
}
