import Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type {
  InvoiceCalls,
  LedgerItem,
  NewInvoice,
  NewInvoiceItem,
  StripeInvoice,
  StripeInvoiceLine,
} from "./invoice-calls.ts";
import { instant, overageKey } from "./metadata.ts";

const quantityKey = "headroom_quantity";
const priceKey = "headroom_unit_price";

export function invoiceCalls(stripe: Stripe): InvoiceCalls {
  return {
    async listInvoices(customer, { limit, after }) {
      const query = { customer, limit, ...(after === null ? {} : { starting_after: after }) };
      const { data, has_more } = await call(() => stripe.invoices.list(query));
      return { invoices: data.map(toInvoice), more: has_more };
    },
    async previewInvoice(customer, subscription) {
      try {
        return toInvoice(await call(() => stripe.invoices.createPreview({ customer, subscription })));
      } catch (error) {
        // A subscription that ends has no next invoice.
        if (error instanceof StripeFault && (error.kind === "refused" || error.kind === "missing")) {
          return null;
        }
        throw error;
      }
    },
    async listSubscriptionInvoices(subscription) {
      const { data } = await call(() => stripe.invoices.list({ subscription, limit: 100 }));
      return data.map(toInvoice);
    },
    async fetchInvoice(invoiceId) {
      return toInvoice(await call(() => stripe.invoices.retrieve(invoiceId)));
    },
    async listInvoiceLines(invoiceId) {
      const lines: StripeInvoiceLine[] = [];
      await call(async () => {
        for await (const line of stripe.invoices.listLineItems(invoiceId, { limit: 100 })) {
          lines.push(toLine(line));
        }
      });
      return lines;
    },
    async createInvoice(invoice, key) {
      const fields = { ...invoiceFields(invoice), ...(await termsOf(stripe, invoice)) };
      return toInvoice(await call(() => stripe.invoices.create(fields, { idempotencyKey: key })));
    },
    async listLedgerItems(invoice) {
      const items = await ledgerItems(stripe, { invoice });
      return new Map(items.map((item) => [item.ledgerId, item]));
    },
    listCustomerLedgerItems: (customer) => ledgerItems(stripe, { customer }),
    async createInvoiceItem(item, key) {
      const fields = { customer: item.customerId, invoice: item.invoiceId, currency: item.currency };
      const request = { ...fields, ...itemFields(item) };
      return (await call(() => stripe.invoiceItems.create(request, { idempotencyKey: key }))).id;
    },
    async updateInvoiceItem(id, item, key) {
      await call(() => stripe.invoiceItems.update(id, itemFields(item), { idempotencyKey: key }));
    },
    async deleteInvoiceItem(id) {
      try {
        await call(() => stripe.invoiceItems.del(id));
      } catch (error) {
        if (!(error instanceof StripeFault) || error.kind !== "missing") {
          throw error;
        }
      }
    },
    async moveFinalization(id, at) {
      await call(() => stripe.invoices.update(id, { automatically_finalizes_at: Math.floor(at / 1000) }));
    },
  };
}

function invoiceFields(invoice: NewInvoice): Stripe.InvoiceCreateParams {
  const owner =
    invoice.subscriptionId === null
      ? { currency: invoice.currency }
      : { subscription: invoice.subscriptionId };
  return {
    customer: invoice.customerId,
    ...owner,
    auto_advance: true,
    pending_invoice_items_behavior: "exclude",
    metadata: { ...invoice.metadata },
  };
}

type Terms = Pick<
  Stripe.InvoiceCreateParams,
  "automatic_tax" | "collection_method" | "days_until_due" | "default_payment_method" | "default_tax_rates"
>;

/**
 * What an invoice of our own takes from its subscription, which Stripe gives it only in part, and not at all once it has
 * ended: its taxes, and whether it is sent or charged. The card of one that has ended, unless it was taken from the customer
 * since; a live one brings its own.
 */
async function termsOf(
  stripe: Stripe,
  { customerId, subscriptionId, termsLike }: NewInvoice,
): Promise<Terms> {
  const like = subscriptionId ?? termsLike;
  if (like === null) {
    return {};
  }
  const expand = ["default_payment_method"];
  const subscription = await call(() => stripe.subscriptions.retrieve(like, { expand }));
  const { automatic_tax, collection_method, days_until_due, default_tax_rates: rates } = subscription;
  const taxes: Terms = automatic_tax.enabled
    ? { automatic_tax: { enabled: true } }
    : rates?.length
      ? { default_tax_rates: rates.map(({ id }) => id) }
      : {};
  if (collection_method === "send_invoice") {
    return { ...taxes, collection_method, ...(days_until_due === null ? {} : { days_until_due }) };
  }
  const card = subscription.default_payment_method;
  const attached = card !== null && typeof card !== "string" && card.customer === customerId;
  return { ...taxes, ...(attached && subscriptionId === null ? { default_payment_method: card.id } : {}) };
}

async function ledgerItems(
  stripe: Stripe,
  where: { invoice: string } | { customer: string },
): Promise<LedgerItem[]> {
  const items: LedgerItem[] = [];
  await call(async () => {
    for await (const item of stripe.invoiceItems.list({ ...where, limit: 100 })) {
      const ledgerId = item.metadata?.[overageKey];
      if (ledgerId !== undefined) {
        items.push(toLedgerItem(item, ledgerId));
      }
    }
  });
  return items;
}

// The metadata has the ledger's units and price, also where the line is told as an amount.
function toLedgerItem(item: Stripe.InvoiceItem, ledgerId: string): LedgerItem {
  const priced = item.pricing?.unit_amount_decimal?.toString() ?? null;
  const sign = priced?.startsWith("-") ? -1 : 1;
  return {
    id: item.id,
    ledgerId,
    invoiceId: typeof item.invoice === "string" ? item.invoice : (item.invoice?.id ?? null),
    quantity: priced === null ? Number(item.metadata?.[quantityKey]) : sign * item.quantity,
    unitPrice: priced === null ? (item.metadata?.[priceKey] ?? null) : priced.replace(/^-/, ""),
    amount: item.amount,
    currency: item.currency,
  };
}

type ItemFields = Pick<
  Stripe.InvoiceItemCreateParams,
  "amount" | "unit_amount_decimal" | "quantity" | "description" | "period" | "metadata"
>;

function itemFields(item: NewInvoiceItem): ItemFields {
  const { pricing } = item;
  return {
    ...("amount" in pricing
      ? { amount: pricing.amount }
      : { unit_amount_decimal: Stripe.Decimal.from(pricing.unitPrice), quantity: pricing.quantity }),
    description: item.description,
    period: { start: Math.floor(item.periodStart / 1000), end: Math.floor(item.periodEnd / 1000) },
    metadata: {
      [overageKey]: item.ledgerId,
      [quantityKey]: String(item.quantity),
      [priceKey]: item.unitPrice,
    },
  };
}

/** An invoice in our words. */
export function toInvoice(invoice: Stripe.Invoice): StripeInvoice {
  return {
    id: invoice.id,
    number: invoice.number,
    status: invoice.status ?? "draft",
    renewal: invoice.billing_reason === "subscription_cycle",
    currency: invoice.currency,
    subtotal: invoice.subtotal,
    total: invoice.total,
    amountDue: invoice.amount_due,
    amountPaid: invoice.amount_paid,
    createdAt: instant(invoice.created),
    periodStart: instant(invoice.period_start),
    periodEnd: instant(invoice.period_end),
    hostedUrl: invoice.hosted_invoice_url ?? null,
    pdfUrl: invoice.invoice_pdf ?? null,
    finalizesAt: instant(invoice.automatically_finalizes_at),
    subscriptionId: ownerOf(invoice),
    metadata: invoice.metadata ?? {},
    lines: invoice.lines.data.map(toLine),
    moreLines: invoice.lines.has_more,
  };
}

function ownerOf(invoice: Stripe.Invoice): string | null {
  const subscription = invoice.parent?.subscription_details?.subscription ?? null;
  return typeof subscription === "string" ? subscription : (subscription?.id ?? null);
}

function toLine(line: Stripe.InvoiceLineItem): StripeInvoiceLine {
  return {
    description: line.description,
    quantity: line.quantity,
    unitPrice: line.pricing?.unit_amount_decimal?.toString() ?? null,
    amount: line.amount,
    priceId: priceIn(line),
    ledgerId: line.metadata[overageKey] ?? null,
    isItem: isInvoiceItem(line),
    periodStart: instant(line.period.start),
    periodEnd: instant(line.period.end),
  };
}

function priceIn({ pricing }: Stripe.InvoiceLineItem): string | null {
  const price = pricing?.price_details?.price ?? null;
  return typeof price === "string" ? price : (price?.id ?? null);
}

// A proration names the subscription's item as well as the invoice item that it is.
function isInvoiceItem({ parent }: Stripe.InvoiceLineItem): boolean {
  const ofSubscription = parent?.subscription_item_details ?? null;
  return ofSubscription === null || ofSubscription.proration || ofSubscription.invoice_item !== null;
}
