import type { ServiceContext } from "@headroom/service/context";
import { expireReservations } from "@headroom/service/reservation-expiry";

/** Gives back the holds whose time is over. */
export async function endHolds(context: ServiceContext): Promise<void> {
  await expireReservations(context);
}
