import { backfillEvents } from "@headroom/service/backfill";
import type { ServiceContext } from "@headroom/service/context";

/** Takes in the Stripe events that webhooks have not brought. */
export async function backfill(context: ServiceContext): Promise<void> {
  if (context.stripe === null) {
    return;
  }
  const { since, listed, kept, missing } = await backfillEvents(context);
  if (kept > 0) {
    context.log.warn({ since, listed, kept, missing }, "Stripe events that webhooks had not brought");
  }
}
