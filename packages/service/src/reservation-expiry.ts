import { expireReservations as expire, pruneReservations as prune } from "@headroom/db/open-reservations";
import type { ServiceContext } from "./context.ts";

const gatesAtOnce = 100;
const prunedAtOnce = 5_000;
/** As long as the keys of events: longer than the 40 days that are promised. Real days. */
const retentionDays = 41;

/**
 * Gives back what holds take up whose time is over. They have not been open since that instant, and whoever finds no
 * room sweeps them in the same call: this only makes the room seen. Safe beside itself. Answers how many.
 */
export async function expireReservations({ db }: Pick<ServiceContext, "db">): Promise<number> {
  let expired = 0;
  for (let round = -1; round !== 0; expired += round) {
    round = await expire(db, gatesAtOnce);
  }
  return expired;
}

/** Forgets the finished reservations whose keys need not be known any more. Answers how many. */
export async function pruneReservations({ db }: Pick<ServiceContext, "db">): Promise<number> {
  let pruned = 0;
  for (let last = prunedAtOnce; last === prunedAtOnce; pruned += last) {
    last = await prune(db, retentionDays, prunedAtOnce);
  }
  return pruned;
}
