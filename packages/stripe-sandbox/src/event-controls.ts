import { send } from "./delivery.ts";
import { missing } from "./failures.ts";
import { BadControl } from "./fault-rules.ts";
import type { Sandbox } from "./parts.ts";
import { recipientOf } from "./recipients.ts";
import type { Store } from "./store.ts";
import type { StoredEvent, StoredThinEvent } from "./wire.ts";

const most = 100;

/** `GET /_sandbox/events?limit=`: newest first, each with how far it is on its way to each endpoint. */
export function shownEvents(sandbox: Sandbox, query: string): object {
  const limit = Number(new URLSearchParams(query).get("limit") ?? "20");
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw new BadControl(`limit must be a number from 1 to ${most}.`);
  }
  const { data, hasMore } = sandbox.store.page("event", { equal: {}, limit });
  return { events: data.map((event) => shown(sandbox, event)), hasMore };
}

function shown({ queue, store }: Sandbox, { id, type, created, data }: StoredEvent): object {
  const object = data.object as unknown as Record<string, unknown>;
  const word = (value: unknown): string | null => (typeof value === "string" ? value : null);
  return {
    id,
    type,
    at: new Date(created * 1000).toISOString(),
    object: word(object.id),
    customer: object.object === "customer" ? word(object.id) : word(object.customer),
    deliveries: queue.deliveriesOf(id).map(({ endpointId, ...delivery }) => ({
      endpoint: endpointId,
      url: recipientOf(store, endpointId)?.url ?? null,
      ...delivery,
    })),
  };
}

/**
 * `POST /_sandbox/events/deliver {ids}`: sends these events once more, one after the other in exactly this order,
 * whether or not they have arrived before; an id may stand there several times. Answers what each endpoint said.
 */
export async function deliverEvents(
  sandbox: Sandbox,
  { ids }: Record<string, unknown>,
  closing: AbortSignal,
): Promise<object> {
  const events = eventsOf(sandbox, ids);
  const deliveries: object[] = [];
  for (const { id, type } of events) {
    for (const endpoint of sandbox.queue.endpointsFor(type)) {
      const result = await send(sandbox, { eventId: id, endpointId: endpoint.id }, closing);
      if (closing.aborted) return { deliveries };
      sandbox.queue.tried(id, endpoint.id, result);
      deliveries.push({ id, endpoint: endpoint.id, result });
    }
  }
  return { deliveries };
}

/** The event of either style with this id. @throws StripeFailure 404 */
export function eventOf(store: Store, id: string): StoredEvent | StoredThinEvent {
  const found = store.find("event", id) ?? store.find("v2.core.event", id);
  if (!found) throw missing("event", id);
  return found;
}

function eventsOf(sandbox: Sandbox, ids: unknown): Array<StoredEvent | StoredThinEvent> {
  if (
    !Array.isArray(ids) ||
    ids.length === 0 ||
    ids.length > most ||
    !ids.every((id) => typeof id === "string")
  ) {
    throw new BadControl(`Send {"ids": ["evt_…"]}, at most ${most} of them.`);
  }
  return ids.map((id) => eventOf(sandbox.store, id));
}
