import type { DeliveryQueue } from "./delivery-queue.ts";
import type { Store } from "./store.ts";
import { notificationOf } from "./thin-events.ts";
import type { StoredEvent } from "./wire.ts";

/** What tells of an event as it is now; null when there is no such event. */
export function toldOf(
  store: Store,
  queue: DeliveryQueue,
  eventId: string,
): ReturnType<typeof notificationOf> | StoredEvent | null {
  const snapshot = store.find("event", eventId);
  if (snapshot) return { ...snapshot, pending_webhooks: queue.pendingOf(snapshot.id) };
  const thin = store.find("v2.core.event", eventId);
  return thin && notificationOf(thin);
}
