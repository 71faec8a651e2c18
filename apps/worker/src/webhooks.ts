import type { ServiceContext } from "@headroom/service/context";
import { type AttemptObserver, createWebhookCourier } from "@headroom/service/webhook-delivery";
import { type Loop, startLoop } from "./loops.ts";

/**
 * Sends outgoing webhooks within about a second. A round only begins to send, so that a receiver which hangs holds
 * nothing up; stopping waits for requests under way, for a moment.
 * @param observe told of every attempt
 */
export function startWebhookLoop(context: ServiceContext, observe?: AttemptObserver): Loop {
  const { log } = context;
  if (!context.webhooks?.secrets) {
    log.info("outgoing webhooks are not sent: SECRETS_KEY is not set");
  }
  const courier = createWebhookCourier({ ...context, ...(observe && { observe }) });
  const loop = startLoop({ name: "webhooks", everyMs: 800, log, round: () => courier.round() });
  return {
    stop: async () => {
      await loop.stop();
      await courier.stop();
    },
  };
}
