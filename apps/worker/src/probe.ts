import type { Runner, WorkerEvents } from "graphile-worker";

/** A worker that has run no job for this long asks for a probe … */
const proofWearsOff = 10_000;
/** … and after this long without one it is not ready. */
const proofExpires = 30_000;

const flag = "probe";

/** The proof that this process gets jobs: a runner without the rights starts without an error and sees none. */
export interface Proof {
  /** True while a job runs here, or began less than 30 seconds ago. */
  stands(): boolean;
  /** Flags of the jobs to leave alone: a worker that is proven leaves the probes to those that are not. */
  flagsToSkip(): string[] | null;
  /** Adds a probe job when the proof wears off. Called each second. */
  renew(addJob: Runner["addJob"], workerId: string): Promise<void>;
}

/** Watches the jobs that begin and end in this process. */
export function watchProof(events: WorkerEvents): Proof {
  let running = 0;
  let lastStart = Number.NEGATIVE_INFINITY;
  events.on("job:start", () => {
    running += 1;
    lastStart = performance.now();
  });
  events.on("job:complete", () => {
    running -= 1;
  });
  const youngerThan = (ms: number) => running > 0 || performance.now() - lastStart < ms;
  return {
    stands: () => youngerThan(proofExpires),
    flagsToSkip: () => (youngerThan(proofWearsOff) ? [flag] : null),
    renew: async (addJob, workerId) => {
      if (!youngerThan(proofWearsOff)) {
        await addJob("probe", {}, { jobKey: `probe:${workerId}`, flags: [flag], maxAttempts: 1 });
      }
    },
  };
}
