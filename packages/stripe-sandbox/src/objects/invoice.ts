import { newId } from "../ids.ts";
import type { Customer, Invoice, InvoiceLine, TaxRate } from "../wire.ts";

export interface InvoiceFields {
  now: number;
  customer: Customer;
  currency: string;
  reason: Invoice["billing_reason"];
  subscription: { id: string; metadata: Record<string, string>; prorationDate?: number | undefined } | null;
  period: { start: number; end: number };
  autoAdvance: boolean;
  finalizesAt: number | null;
  defaultPaymentMethod: string | null;
  description: string | null;
  metadata: Record<string, string>;
  terms: InvoiceTerms;
}

/** How an invoice is discounted, taxed and collected. */
export interface InvoiceTerms {
  /** Ids. */
  discounts: string[];
  defaultTaxRates: TaxRate[];
  automaticTax: boolean;
  collectionMethod: "charge_automatically" | "send_invoice";
  /** Seconds; null when it is charged. */
  dueDate: number | null;
}

/** A draft without lines; `billing/totals.ts` fills in the sums once lines are there. */
export function buildInvoice(fields: InvoiceFields): Invoice {
  const id = newId("in");
  const { customer } = fields;
  return {
    id,
    object: "invoice",
    account_country: "US",
    account_name: "Stripe sandbox",
    account_tax_ids: null,
    ...noAmounts,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: fields.autoAdvance,
    automatic_tax: automaticTax(fields.terms.automaticTax, customer),
    automatically_finalizes_at: fields.finalizesAt,
    billing_reason: fields.reason,
    collection_method: fields.terms.collectionMethod,
    created: fields.now,
    currency: fields.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: customer.tax_exempt ?? null,
    customer_tax_ids: [],
    default_payment_method: fields.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: fields.terms.defaultTaxRates,
    description: fields.description,
    discounts: fields.terms.discounts,
    due_date: fields.terms.dueDate,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: "self" },
    last_finalization_error: null,
    latest_revision: null,
    lines: lineList(id, []),
    livemode: false,
    metadata: fields.metadata,
    next_payment_attempt: null,
    number: null,
    on_behalf_of: null,
    parent: fields.subscription && parentOf(fields.subscription),
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: fields.period.end,
    period_start: fields.period.start,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: customer.balance,
    statement_descriptor: null,
    status: "draft",
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    test_clock: null,
    webhooks_delivered_at: null,
  };
}

/** Automatic tax goes off by itself for a customer without a country, and says so. */
export function automaticTax(wanted: boolean, customer: Customer): Invoice["automatic_tax"] {
  const enabled = wanted && Boolean(customer.address?.country);
  return {
    disabled_reason: wanted && !enabled ? "requires_location_inputs" : null,
    enabled,
    liability: enabled ? { type: "self" } : null,
    provider: enabled ? "stripe" : null,
    status: enabled ? "complete" : null,
  };
}

const noAmounts = {
  amount_due: 0,
  amount_overpaid: 0,
  amount_paid: 0,
  amount_remaining: 0,
  amount_shipping: 0,
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  subtotal: 0,
  subtotal_excluding_tax: 0,
  total: 0,
  total_discount_amounts: [],
  total_excluding_tax: 0,
  total_pretax_credit_amounts: [],
  total_taxes: [],
};

function parentOf(subscription: NonNullable<InvoiceFields["subscription"]>): Invoice["parent"] {
  return {
    quote_details: null,
    subscription_details: {
      metadata: subscription.metadata,
      subscription: subscription.id,
      ...(subscription.prorationDate === undefined
        ? {}
        : { subscription_proration_date: subscription.prorationDate }),
    },
    type: "subscription_details",
  };
}

export function lineList(invoice: string, data: InvoiceLine[]): Invoice["lines"] {
  return { object: "list", data, has_more: false, url: `/v1/invoices/${invoice}/lines` };
}

/** The subscription an invoice belongs to, or null. */
export function subscriptionOf(invoice: Invoice): string | null {
  return invoice.parent?.subscription_details?.subscription ?? null;
}
