import type { Database } from "@headroom/db/client";
import { beat, type ReclaimedJob, reclaimSilentJobs } from "@headroom/db/worker-leases";
import type { Logger } from "@headroom/platform/log";
import { type Loop, startLoop } from "./loops.ts";

export interface HeartbeatOptions {
  jobs: Database;
  /** What graphile-worker writes into `locked_by`. */
  workerId: string;
  /** Told of jobs of other workers that are free again. */
  onReclaimed: (jobs: ReclaimedJob[]) => void;
  log: Logger;
}

/**
 * Says each second that this worker lives, and gives back the jobs of those that have not for three seconds: with
 * the second until somebody looks, a killed worker's jobs run elsewhere within five.
 */
export function startHeartbeat({ jobs, workerId, onReclaimed, log }: HeartbeatOptions): Loop {
  return startLoop({
    name: "heartbeat",
    everyMs: 800,
    longestMs: 800,
    log,
    round: async () => {
      await beat(jobs, workerId);
      const reclaimed = await reclaimSilentJobs(jobs);
      for (const { id, task, workerId: lostWorker, attempts, dead } of reclaimed) {
        log.warn({ jobId: id, task, lostWorker, attempts, dead }, "job of a silent worker given back");
      }
      if (reclaimed.length > 0) {
        onReclaimed(reclaimed);
      }
    },
  });
}
