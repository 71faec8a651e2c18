import { truncate } from "../decimal.ts";
import { newId } from "../ids.ts";
import type { InvoiceItem, TaxRate } from "../wire.ts";

/** What a proration credits: a line of an invoice, or a charge that had no invoice yet. */
export type Credited = { invoice: string; line: string } | { invoiceItem: string };

export interface InvoiceItemFields {
  now: number;
  customer: string;
  currency: string;
  amount: number;
  /** Null when only an amount was given. */
  unitAmount: string | null;
  price: { id: string; product: string } | null;
  quantity: string;
  invoice: string | null;
  subscription: { id: string; item?: string | undefined } | null;
  period: { start: number; end: number };
  proration: boolean;
  /** The line whose debit a proration credits. */
  credits?: Credited | null;
  description: string | null;
  discountable: boolean;
  taxRates: TaxRate[];
  metadata: Record<string, string>;
}

/** Its `date` is when it was made; it is pending while `invoice` is null. */
export function buildInvoiceItem(fields: InvoiceItemFields): InvoiceItem {
  return {
    id: newId("ii"),
    object: "invoiceitem",
    amount: fields.amount,
    currency: fields.currency,
    customer: fields.customer,
    customer_account: null,
    date: fields.now,
    description: fields.description,
    discountable: fields.discountable,
    discounts: [],
    invoice: fields.invoice,
    livemode: false,
    metadata: fields.metadata,
    net_amount: fields.amount,
    parent: fields.subscription && {
      subscription_details: {
        subscription: fields.subscription.id,
        ...(fields.subscription.item ? { subscription_item: fields.subscription.item } : {}),
      },
      type: "subscription_details",
    },
    period: fields.period,
    pricing: pricingOf(fields),
    proration: fields.proration,
    proration_details: {
      credited_items: fields.credits ? creditedItems(fields.credits) : null,
      discount_amounts: [],
    },
    quantity: truncate(fields.quantity),
    quantity_decimal: fields.quantity,
    tax_rates: fields.taxRates,
    test_clock: null,
  };
}

function creditedItems(credits: Credited): NonNullable<InvoiceItem["proration_details"]>["credited_items"] {
  if ("invoiceItem" in credits) return { invoice_item: credits.invoiceItem, type: "invoice_item" };
  const { invoice, line } = credits;
  return {
    invoice_line_item_details: { invoice, invoice_line_items: [line] },
    type: "invoice_line_items",
  };
}

export function pricingOf(fields: Pick<InvoiceItemFields, "price" | "unitAmount">): InvoiceItem["pricing"] {
  return {
    ...(fields.price ? { price_details: { price: fields.price.id, product: fields.price.product } } : {}),
    type: "price_details",
    unit_amount_decimal: fields.unitAmount,
  };
}
