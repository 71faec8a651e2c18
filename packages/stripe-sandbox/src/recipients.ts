import type { DeliveryQueue } from "./delivery-queue.ts";
import type { Store } from "./store.ts";
import { notificationOf } from "./thin-events.ts";

/** Where an event is sent: a webhook endpoint, or an event destination. */
export interface Recipient {
  id: string;
  url: string;
  secret: string;
}

/** A thin event's type names the API version that it belongs to. */
const isThin = (type: string): boolean => /^v\d+\./.test(type);

/** The recipient with this id, enabled or not; null when it is gone. */
export function recipientOf(store: Store, id: string): Recipient | null {
  const url =
    store.find("webhook_endpoint", id)?.url ??
    store.detail<{ url?: string }>(id)?.url ??
    store.find("v2.core.event_destination", id)?.webhook_endpoint?.url;
  const secret = store.detail<{ secret?: string }>(id)?.secret;
  return url && secret && !isRemoved(store, id) ? { id, url, secret } : null;
}

function isRemoved(store: Store, id: string): boolean {
  return store.findAny(id)?.removed !== false;
}

/** The enabled recipients that listen to a type, in the style that it has. */
export function recipientsOf(store: Store, type: string): Recipient[] {
  const style = isThin(type) ? "thin" : "snapshot";
  const endpoints = isThin(type) ? [] : store.where("webhook_endpoint", "$.status", "enabled");
  const destinations = store
    .where("v2.core.event_destination", "$.status", "enabled")
    .filter(({ event_payload: payload }) => payload === style);
  return [...endpoints, ...destinations]
    .filter(({ enabled_events: events }) => events.includes("*") || events.includes(type))
    .flatMap(({ id }) => recipientOf(store, id) ?? []);
}

/** The body that tells of an event as it is now; null when there is no such event. */
export function bodyOf(store: Store, queue: DeliveryQueue, eventId: string): string | null {
  const snapshot = store.find("event", eventId);
  if (snapshot)
    return JSON.stringify({ ...snapshot, pending_webhooks: queue.pendingOf(snapshot.id) }, null, 2);
  const thin = store.find("v2.core.event", eventId);
  return thin && JSON.stringify(notificationOf(thin), null, 2);
}
