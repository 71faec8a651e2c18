import { lineAmount, truncate } from "../decimal.ts";
import { newId } from "../ids.ts";
import type { InvoiceItem, InvoiceLine, Price, SubscriptionItem } from "../wire.ts";

/** A line for a subscription item's coming period, in advance. */
export function periodLine(
  invoice: string,
  item: SubscriptionItem,
  price: Price,
  label: string,
): InvoiceLine {
  const quantity = item.quantity ?? 1;
  const unit = price.unit_amount_decimal ?? "0";
  const amount = lineAmount(unit, quantity);
  return {
    ...bareLine(invoice, amount, price.currency),
    id: newId("il"),
    description: `${quantity} × ${label}`,
    metadata: item.metadata,
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        proration_details: { credited_items: null },
        subscription: item.subscription,
        subscription_item: item.id,
      },
      type: "subscription_item_details",
    },
    period: { start: item.current_period_start, end: item.current_period_end },
    pricing: priced(price, unit),
    quantity,
    quantity_decimal: String(quantity),
    subscription: item.subscription,
  };
}

/** A line for what was used of a metered price in a time that is over. */
export function usageLine(
  invoice: string,
  item: SubscriptionItem,
  price: Price,
  used: { label: string; units: string; period: { start: number; end: number } },
): InvoiceLine {
  const line = periodLine(invoice, item, price, used.label);
  return { ...line, ...usageSums(price, used.units, used.label), period: used.period };
}

/** What of a line follows from the units that were used. */
export function usageSums(price: Price, units: string, label: string) {
  const amount = lineAmount(price.unit_amount_decimal ?? "0", units);
  return {
    amount,
    subtotal: amount,
    description: `${units} × ${label}`,
    quantity: truncate(units),
    quantity_decimal: units,
  };
}

/** A line for the time of a trial: free, and shown. */
export function trialLine(invoice: string, item: SubscriptionItem, price: Price, label: string): InvoiceLine {
  const line = periodLine(invoice, item, price, label);
  const pricing = priced(price, "0");
  return { ...line, amount: 0, subtotal: 0, pricing, description: `Trial period for ${label}` };
}

/** The line that an invoice item makes on its invoice. */
export function itemLine(invoice: string, item: InvoiceItem, id = newId("il")): InvoiceLine {
  const subscription = item.parent?.subscription_details?.subscription ?? null;
  return {
    ...bareLine(invoice, item.amount, item.currency),
    id,
    description: item.description,
    discountable: item.discountable,
    metadata: item.metadata ?? {},
    parent: {
      invoice_item_details: {
        invoice_item: item.id,
        proration: item.proration,
        proration_details: {
          credited_items: item.proration_details?.credited_items?.invoice_line_item_details ?? null,
        },
        subscription,
      },
      subscription_item_details: null,
      type: "invoice_item_details",
    },
    period: item.period,
    pricing: item.pricing,
    quantity: item.quantity,
    quantity_decimal: item.quantity_decimal,
    subscription,
  };
}

function priced(price: Price, unit: string): InvoiceLine["pricing"] {
  return {
    price_details: { price: price.id, product: price.product },
    type: "price_details",
    unit_amount_decimal: unit,
  };
}

type Bare = Pick<
  InvoiceLine,
  | "object"
  | "amount"
  | "currency"
  | "discount_amounts"
  | "discountable"
  | "discounts"
  | "invoice"
  | "livemode"
  | "pretax_credit_amounts"
  | "subtotal"
  | "taxes"
>;

function bareLine(invoice: string, amount: number, currency: string): Bare {
  return {
    object: "line_item",
    amount,
    currency,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    pretax_credit_amounts: [],
    subtotal: amount,
    taxes: [],
  };
}
