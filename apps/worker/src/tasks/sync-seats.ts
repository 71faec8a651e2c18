import type { ServiceContext } from "@headroom/service/context";
import { syncSeats } from "@headroom/service/seat-sync";

/** Tells Stripe the seats of those whose plan follows their members. */
export async function follow(context: ServiceContext): Promise<void> {
  await syncSeats(context);
}
