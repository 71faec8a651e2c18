import { type Books, change, create, get, save } from "../books.ts";
import { buildInvoice, type InvoiceFields, type InvoiceTerms } from "../objects/invoice.ts";
import { itemLine, periodLine, trialLine, usageLine } from "../objects/invoice-line.ts";
import type { Invoice, InvoiceItem, InvoiceLine, Subscription, SubscriptionItem } from "../wire.ts";
import { noteDebits } from "./debits.ts";
import { discountsOf, useUp } from "./discounts.ts";
import { billedUnits, isMetered } from "./metered-usage.ts";
import { totalled } from "./totals.ts";

/** A draft that finalizes by itself does so this long after it was made (docs.stripe.com/invoicing/overview). */
export const draftFor = 3600;

export interface SubscriptionInvoice {
  reason: Invoice["billing_reason"];
  /** Items billed in advance for their current period. */
  items: SubscriptionItem[];
  /** Metered items, as they were in the period that is over and whose usage is billed. */
  used?: SubscriptionItem[];
  trial?: boolean;
  /** The span in which usage belongs to this invoice. */
  period: { start: number; end: number };
  /** False leaves it to the caller to finalize at once. */
  waits: boolean;
  prorationDate?: number | undefined;
}

/**
 * Drafts an invoice for a subscription: its pending invoice items first, then the items' coming period, with the
 * subscription's discounts and taxes. Notes `invoice.created`. A discount for once is used up by it, so that the
 * subscription is to be read again afterwards.
 */
export function draftForSubscription(
  books: Books,
  subscription: Subscription,
  wanted: SubscriptionInvoice,
): Invoice {
  const customer = get(books, "customer", subscription.customer);
  const collection = subscription.pause_collection?.behavior;
  const kept = collection === "keep_as_draft";
  const draft = buildInvoice({
    now: books.now,
    customer,
    currency: subscription.currency,
    reason: wanted.reason,
    subscription: {
      id: subscription.id,
      metadata: subscription.metadata,
      prorationDate: wanted.prorationDate,
    },
    period: wanted.period,
    autoAdvance: !kept,
    finalizesAt: wanted.waits && !kept ? books.now + draftFor : null,
    defaultPaymentMethod: null,
    description: null,
    metadata: {},
    terms: termsOf(books, subscription),
  });
  const swept = sweep(books, draft.id, pendingOf(books, customer.id, subscription.id));
  const advance = wanted.items.map((item) => lineFor(books, draft.id, item, wanted.trial === true));
  const used = (wanted.used ?? []).map((item) => usedLine(books, draft, item));
  const invoice = totalled(books, draft, [...swept, ...used, ...advance]);
  if (wanted.trial !== true) noteDebits(books, subscription, invoice);
  const detail = collection === undefined ? undefined : { collection };
  const drafted = create(books, "invoice", invoice, "invoice.created", detail);
  useUp(books, drafted);
  return drafted;
}

/** How a subscription's invoices are discounted, taxed and collected. */
export function termsOf(books: Books, subscription: Subscription): InvoiceTerms {
  const sent = subscription.collection_method === "send_invoice";
  return {
    discounts: discountsOf(books, subscription),
    defaultTaxRates: subscription.default_tax_rates ?? [],
    automaticTax: subscription.automatic_tax.enabled,
    collectionMethod: sent ? "send_invoice" : "charge_automatically",
    dueDate: sent ? dueAfter(books.now, subscription.days_until_due) : null,
  };
}

const day = 86_400;

/** `days_until_due` counts from when the invoice is created. */
export function dueAfter(created: number, days: number | null): number {
  return created + (days ?? 30) * day;
}

/** Drafts an invoice with no subscription behind its lines; pending items only when asked. */
export function draftByHand(books: Books, fields: InvoiceFields, includePending: boolean): Invoice {
  const draft = buildInvoice(fields);
  const owner = fields.subscription?.id ?? null;
  const lines = includePending ? sweep(books, draft.id, pendingOf(books, draft.customer ?? "", owner)) : [];
  return create(books, "invoice", totalled(books, draft, lines), "invoice.created");
}

/** Pending invoice items; those of one subscription, or those of none. */
export function pendingOf(books: Books, customer: string, subscription: string | null): InvoiceItem[] {
  return books.store
    .where("invoiceitem", "$.customer", customer)
    .filter((item) => item.invoice === null)
    .filter((item) => (item.parent?.subscription_details?.subscription ?? null) === subscription);
}

function sweep(books: Books, invoice: string, items: InvoiceItem[]): InvoiceLine[] {
  return items.map((item) => {
    const taken = save(books, "invoiceitem", { ...item, invoice });
    return itemLine(invoice, taken);
  });
}

function lineFor(books: Books, invoice: string, item: SubscriptionItem, trial: boolean): InvoiceLine {
  const price = get(books, "price", item.price.id);
  const label = labelOf(books, item.price.product);
  // Nothing has been used yet: the line is there, for nothing.
  if (isMetered(price)) {
    const { current_period_start: start } = item;
    return usageLine(invoice, item, price, { label, units: "0", period: { start, end: start } });
  }
  return trial ? trialLine(invoice, item, price, label) : periodLine(invoice, item, price, label);
}

function usedLine(books: Books, draft: Invoice, item: SubscriptionItem): InvoiceLine {
  const price = get(books, "price", item.price.id);
  const period = { start: item.current_period_start, end: Math.min(item.current_period_end, books.now) };
  const units = billedUnits(books, price, draft.customer ?? "", period);
  const label = labelOf(books, price.product);
  return usageLine(draft.id, item, price, { label, units, period });
}

/** What a line calls a product: its name. */
export function labelOf(books: Books, product: string): string {
  return books.store.find("product", product)?.name ?? product;
}

/** A draft with other lines or other terms: its sums anew, and `invoice.updated`. */
export function relined(books: Books, before: Invoice, after: Invoice, lines: InvoiceLine[]): Invoice {
  const invoice = change(books, "invoice", before, totalled(books, after, lines), "invoice.updated");
  useUp(books, invoice);
  return invoice;
}
