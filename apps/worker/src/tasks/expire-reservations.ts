import type { ServiceContext } from "@headroom/service/context";
import { expireReservations, pruneReservations } from "@headroom/service/reservation-expiry";

/** Gives back the holds whose time is over, and forgets the reservations of long ago. */
export async function endHolds(context: ServiceContext): Promise<void> {
  await expireReservations(context);
  await pruneReservations(context);
}
