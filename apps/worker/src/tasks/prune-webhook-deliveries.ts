import type { ServiceContext } from "@headroom/service/context";
import { pruneWebhookDeliveries } from "@headroom/service/webhook-delivery";

/** Deletes the deliveries of outgoing webhooks that are not kept any longer. */
export async function pruneDeliveries(context: ServiceContext): Promise<void> {
  const pruned = await pruneWebhookDeliveries(context);
  if (pruned > 0) {
    context.log.info({ pruned }, "webhook deliveries pruned");
  }
}
