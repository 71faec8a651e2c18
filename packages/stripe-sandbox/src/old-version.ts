import type { Invoice, InvoiceLine, StoredEvent, Subscription } from "./wire.ts";

/** The last version before 2025-03-31.basil, which moved periods to items and what an invoice is for to its parent. */
export const oldVersions = ["2025-02-24.acacia"] as const;

/**
 * An event as an older version of the API renders it, for subscriptions and invoices; other objects differ too little to
 * matter. The differences are those of the `stripe` package's changelog, 18.0.0.
 */
export function renderOld(event: StoredEvent, version: string): StoredEvent {
  return { ...event, api_version: version, data: { ...event.data, object: oldObject(event.data.object) } };
}

function oldObject(object: object): object {
  const { object: kind } = object as { object?: string };
  if (kind === "subscription") return oldSubscription(object as Subscription);
  if (kind === "invoice") return oldInvoice(object as Invoice);
  return object;
}

function oldSubscription({ items, ...subscription }: Subscription): object {
  const [first] = items.data;
  return {
    ...subscription,
    current_period_start: first?.current_period_start ?? subscription.created,
    current_period_end: first?.current_period_end ?? subscription.created,
    discount: subscription.discounts[0] ?? null,
    items: {
      ...items,
      data: items.data.map(({ current_period_start: _, current_period_end: __, ...item }) => item),
    },
  };
}

function oldInvoice({ parent, lines, ...invoice }: Invoice): object {
  return {
    ...invoice,
    charge: null,
    payment_intent: null,
    paid: invoice.status === "paid",
    subscription: parent?.subscription_details?.subscription ?? null,
    lines: { ...lines, data: lines.data.map(oldLine) },
  };
}

function oldLine({ parent, pricing, ...line }: InvoiceLine): object {
  const item = parent?.subscription_item_details ?? parent?.invoice_item_details;
  return { ...line, price: pricing?.price_details?.price ?? null, proration: item?.proration ?? false };
}
