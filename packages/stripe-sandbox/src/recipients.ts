import type { Store } from "./store.ts";

/** Where an event is sent: a webhook endpoint, or an event destination. */
export interface Recipient {
  id: string;
  url: string;
}

/** A thin event's type names the API version that it belongs to. */
const isThin = (type: string): boolean => /^v\d+\./.test(type);

/** The recipient with this id, enabled or not; null when it is gone. */
export function recipientOf(store: Store, id: string): Recipient | null {
  const url =
    store.find("webhook_endpoint", id)?.url ??
    store.detail<{ url?: string }>(id)?.url ??
    store.find("v2.core.event_destination", id)?.webhook_endpoint?.url;
  return url && !isRemoved(store, id) ? { id, url } : null;
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
