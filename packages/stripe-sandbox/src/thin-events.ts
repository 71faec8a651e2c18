import type { Cause } from "./cause.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";
import { newId } from "./ids.ts";
import type { Store } from "./store.ts";
import type { EventType, StoredThinEvent, ThinType } from "./wire.ts";

/** Where thin events are written, by whom and when. */
interface Journal {
  readonly store: Store;
  readonly queue: DeliveryQueue;
  /** Seconds. */
  readonly now: number;
  readonly cause: Cause;
}

/** A thin event to be written: what it is about, and what only fetching it tells. */
export interface ThinNote {
  type: ThinType;
  related?: object;
  data?: object;
  /** The id of the snapshot event that tells of the same change. */
  snapshot?: string;
}

/** Notes a thin event that has no twin; it is written with the others when the work is done. */
export function noteThin(books: { readonly thin: ThinNote[] }, note: ThinNote): void {
  books.thin.push(note);
}

/** Where an object is fetched, by its kind. */
const addresses: Record<string, string> = {
  customer: "/v1/customers",
  product: "/v1/products",
  price: "/v1/prices",
  payment_method: "/v1/payment_methods",
  subscription: "/v1/subscriptions",
  invoice: "/v1/invoices",
  invoiceitem: "/v1/invoiceitems",
  coupon: "/v1/coupons",
  promotion_code: "/v1/promotion_codes",
  tax_rate: "/v1/tax_rates",
  "checkout.session": "/v1/checkout/sessions",
  "billing_portal.session": "/v1/billing_portal/sessions",
  "billing_portal.configuration": "/v1/billing_portal/configurations",
  "billing.meter": "/v1/billing/meters",
  subscription_schedule: "/v1/subscription_schedules",
  "v2.core.event_destination": "/v2/core/event_destinations",
};

/** The thin event beside a snapshot event; null for an object that has no address of its own. */
export function twinOf(type: EventType, object: object): ThinNote | null {
  return relatedTo(object) === null ? null : { type: `v1.${type}` as ThinType, related: object };
}

function relatedTo(object: object): StoredThinEvent["related_object"] | null {
  const { id, object: kind } = object as { id?: unknown; object?: unknown };
  const address = typeof kind === "string" ? addresses[kind] : undefined;
  if (address === undefined || typeof id !== "string") return null;
  return { id, type: String(kind), url: `${address}/${id}` };
}

/** Writes a thin event and queues its deliveries; answers it. */
export function keepThin(journal: Journal, note: ThinNote, only?: string): StoredThinEvent {
  const related = note.related === undefined ? null : relatedTo(note.related);
  const { id: request, idempotency_key: key } = journal.cause;
  const event: StoredThinEvent = {
    id: newId("evt_test", 24),
    object: "v2.core.event",
    created: new Date(journal.now * 1000).toISOString(),
    livemode: false,
    type: note.type,
    ...(request === null
      ? {}
      : { reason: { type: "request", request: { id: request, idempotency_key: key ?? "" } } }),
    ...(related ? { related_object: related } : {}),
    ...(note.snapshot === undefined ? {} : { snapshot_event: note.snapshot }),
    ...(note.data === undefined ? {} : { data: note.data }),
  };
  journal.store.put("v2.core.event", event);
  if (only === undefined) journal.queue.add(event.id, event.type);
  else journal.queue.addFor(event.id, only);
  return event;
}

/** What is delivered of a thin event: all but its data. */
export function notificationOf({ data: _, ...notification }: StoredThinEvent): object {
  return notification;
}
