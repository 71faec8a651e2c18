import type { Database } from "@headroom/db/client";
import { beat, reclaimSilentJobs } from "@headroom/db/worker-leases";
import type { Logger } from "@headroom/platform/log";
import { type Loop, startLoop } from "./loops.ts";

export interface HeartbeatOptions {
  jobs: Database;
  /** What graphile-worker writes into `locked_by`. */
  workerId: string;
  /** Told how many jobs of other workers are free again. */
  onReclaimed: (count: number) => void;
  log: Logger;
}

const everyMs = 500;
/** Without an own heartbeat for this long, it was the database that was silent, for the others too … */
const outageMs = 2_000;
/** … and they get this long to say that they live. */
const graceMs = 3_000;

/**
 * Says twice a second that this worker lives, and gives back the jobs of those that have not for three seconds: a
 * killed worker's jobs run elsewhere within five.
 */
export function startHeartbeat({ jobs, workerId, onReclaimed, log }: HeartbeatOptions): Loop {
  let lastBeat = performance.now();
  let judgesFrom = 0;
  const round = async () => {
    await beat(jobs, workerId);
    const now = performance.now();
    if (now - lastBeat > outageMs) {
      judgesFrom = now + graceMs;
    }
    lastBeat = now;
    if (now >= judgesFrom) {
      await reclaim();
    }
  };
  const reclaim = async () => {
    const reclaimed = await reclaimSilentJobs(jobs);
    for (const { id, task, workerId: lostWorker, attempts, dead } of reclaimed) {
      log.warn({ jobId: id, task, lostWorker, attempts, dead }, "job of a silent worker given back");
    }
    if (reclaimed.length > 0) {
      onReclaimed(reclaimed.length);
    }
  };
  return startLoop({ name: "heartbeat", everyMs, longestMs: everyMs, log, round });
}
