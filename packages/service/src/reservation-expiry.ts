import { expireReservations as expire } from "@headroom/db/open-reservations";
import type { ServiceContext } from "./context.ts";

const gatesAtOnce = 100;

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
