import type { ServiceContext } from "@headroom/service/context";
import { sweepInbox } from "@headroom/service/customer-sync";

/** Applies the Stripe events that the webhook app has left. */
export async function sweep(context: ServiceContext): Promise<void> {
  await sweepInbox(context);
}
