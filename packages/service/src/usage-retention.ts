import { setTimeout as pause } from "node:timers/promises";
import {
  dropPartition,
  listDroppableDays,
  type PrunedUsage,
  pruneUsage,
} from "@headroom/db/usage-partitions";
import type { ServiceContext } from "./context.ts";

const tries = 20;
const betweenTriesMs = 200;
const rowsAtOnce = 5_000;

/**
 * Drops the partitions that are not kept any longer, one by one, each in a moment when nobody inserts; one that is
 * always in use is left for the next time. Answers the days dropped. Safe to run beside itself.
 * @param context `db` as hr_worker
 */
export async function dropOldPartitions({ db }: Pick<ServiceContext, "db">): Promise<string[]> {
  const dropped: string[] = [];
  for (const day of await listDroppableDays(db)) {
    for (let attempt = 1; attempt <= tries; attempt++) {
      if (await dropPartition(db, day)) {
        dropped.push(day);
        break;
      }
      await pause(betweenTriesMs);
    }
  }
  return dropped;
}

/** Deletes reservations and alert firings that are not kept any longer. @param context `db` as hr_worker */
export async function pruneOldUsage({ db }: Pick<ServiceContext, "db">): Promise<PrunedUsage> {
  const sum: PrunedUsage = { reservations: 0, firings: 0 };
  for (;;) {
    const { reservations, firings } = await pruneUsage(db, rowsAtOnce);
    sum.reservations += reservations;
    sum.firings += firings;
    if (Math.max(reservations, firings) < rowsAtOnce) {
      return sum;
    }
  }
}
