import type { ServiceContext } from "@headroom/service/context";
import { pruneInbox } from "@headroom/service/inbox-upkeep";

/** Deletes what Stripe's events say, and later the events, when they are not kept any longer. */
export async function pruneStripeEvents(context: ServiceContext): Promise<void> {
  const { payloads, events } = await pruneInbox(context);
  if (payloads + events > 0) {
    context.log.info({ payloads, events }, "Stripe events pruned");
  }
}
