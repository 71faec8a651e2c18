import Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type {
  InvoiceCalls,
  NewInvoice,
  NewInvoiceItem,
  StripeInvoice,
  StripeInvoiceLine,
} from "./gateway.ts";
import { instant } from "./metadata.ts";

const ledgerKey = "headroom_overage";

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
    async createInvoice(invoice, key) {
      const fields = { ...invoiceFields(invoice), ...(await payment(stripe, invoice)) };
      return toInvoice(await call(() => stripe.invoices.create(fields, { idempotencyKey: key })));
    },
    async listLedgerItems(invoice) {
      const items = new Map<string, string>();
      await call(async () => {
        for await (const item of stripe.invoiceItems.list({ invoice, limit: 100 })) {
          const ledgerId = item.metadata?.[ledgerKey];
          if (ledgerId !== undefined) {
            items.set(ledgerId, item.id);
          }
        }
      });
      return items;
    },
    async createInvoiceItem(item, key) {
      const fields = itemFields(item);
      return (await call(() => stripe.invoiceItems.create(fields, { idempotencyKey: key }))).id;
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

/** The card of a subscription that has ended, unless it was taken from the customer since; a live one brings its own. */
async function payment(
  stripe: Stripe,
  { customerId, subscriptionId, paidLike }: NewInvoice,
): Promise<Pick<Stripe.InvoiceCreateParams, "default_payment_method">> {
  if (subscriptionId !== null || paidLike === null) {
    return {};
  }
  const expand = ["default_payment_method"];
  const subscription = await call(() => stripe.subscriptions.retrieve(paidLike, { expand }));
  const card = subscription.default_payment_method;
  const attached = card !== null && typeof card !== "string" && card.customer === customerId;
  return attached ? { default_payment_method: card.id } : {};
}

function itemFields(item: NewInvoiceItem): Stripe.InvoiceItemCreateParams {
  return {
    customer: item.customerId,
    invoice: item.invoiceId,
    currency: item.currency,
    unit_amount_decimal: Stripe.Decimal.from(item.unitPrice),
    quantity: item.quantity,
    description: item.description,
    period: { start: Math.floor(item.periodStart / 1000), end: Math.floor(item.periodEnd / 1000) },
    metadata: { [ledgerKey]: item.ledgerId },
  };
}

function toInvoice(invoice: Stripe.Invoice): StripeInvoice {
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
    metadata: invoice.metadata ?? {},
    lines: invoice.lines.data.map(toLine),
  };
}

function toLine(line: Stripe.InvoiceLineItem): StripeInvoiceLine {
  return {
    description: line.description,
    quantity: line.quantity,
    unitPrice: line.pricing?.unit_amount_decimal?.toString() ?? null,
    amount: line.amount,
    periodStart: instant(line.period.start),
    periodEnd: instant(line.period.end),
  };
}
