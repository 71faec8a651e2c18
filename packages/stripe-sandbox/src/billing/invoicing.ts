import { type Books, change, create, get, save } from "../books.ts";
import { buildInvoice, type InvoiceFields, totalled } from "../objects/invoice.ts";
import { itemLine, periodLine, trialLine } from "../objects/invoice-line.ts";
import type { Invoice, InvoiceItem, InvoiceLine, Subscription, SubscriptionItem } from "../wire.ts";

/** A draft that finalizes by itself does so this long after it was made (docs.stripe.com/invoicing/overview). */
export const draftFor = 3600;

export interface SubscriptionInvoice {
  reason: Invoice["billing_reason"];
  /** Items billed in advance for their current period. */
  items: SubscriptionItem[];
  trial?: boolean;
  /** The span in which usage belongs to this invoice. */
  period: { start: number; end: number };
  /** False leaves it to the caller to finalize at once. */
  waits: boolean;
  prorationDate?: number | undefined;
}

/**
 * Drafts an invoice for a subscription: its pending invoice items first, then the items' coming period.
 * Notes `invoice.created` and makes it the subscription's latest invoice (without an event of its own).
 */
export function draftForSubscription(
  books: Books,
  subscription: Subscription,
  wanted: SubscriptionInvoice,
): Invoice {
  const customer = get(books, "customer", subscription.customer);
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
    autoAdvance: true,
    finalizesAt: wanted.waits ? books.now + draftFor : null,
    defaultPaymentMethod: null,
    description: null,
    metadata: {},
  });
  const swept = sweep(books, draft.id, pendingOf(books, customer.id, subscription.id));
  const advance = wanted.items.map((item) => lineFor(books, draft.id, item, wanted.trial === true));
  const invoice = totalled(draft, [...swept, ...advance]);
  return create(books, "invoice", invoice, "invoice.created");
}

/** Drafts an invoice with no subscription behind its lines; pending items only when asked. */
export function draftByHand(books: Books, fields: InvoiceFields, includePending: boolean): Invoice {
  const draft = buildInvoice(fields);
  const owner = fields.subscription?.id ?? null;
  const lines = includePending ? sweep(books, draft.id, pendingOf(books, draft.customer ?? "", owner)) : [];
  return create(books, "invoice", totalled(draft, lines), "invoice.created");
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
  const label = labelOf(books, item);
  return trial ? trialLine(invoice, item, price, label) : periodLine(invoice, item, price, label);
}

/** What a line calls an item: its product's name. */
export function labelOf(books: Books, item: SubscriptionItem): string {
  return books.store.find("product", item.price.product)?.name ?? item.price.id;
}

/** Replaces a draft's lines and notes `invoice.updated`. */
export function relined(books: Books, invoice: Invoice, lines: InvoiceLine[]): Invoice {
  return change(books, "invoice", invoice, totalled(invoice, lines), "invoice.updated");
}
