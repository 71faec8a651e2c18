import type Stripe from "stripe";
import { type CheckoutPlan, firstInvoice } from "../billing/checkout-plan.ts";
import { discountsOn, sum } from "../billing/totals.ts";
import { type Books, get } from "../books.ts";
import type { CheckoutSession, InvoiceLine, Stored } from "../wire.ts";

type LineItem = Stored<Stripe.LineItem>;

interface LineItemList {
  object: "list";
  data: LineItem[];
  has_more: boolean;
  url: string;
}

/** What a session sells, as `line_items`: the lines of its first invoice, made or still to be made. */
export function lineItemsOf(books: Books, session: CheckoutSession): LineItemList {
  const plan = books.store.detail<CheckoutPlan>(session.id);
  const url = `/v1/checkout/sessions/${session.id}/line_items`;
  if (!plan) return { object: "list", data: [], has_more: false, url };
  const invoice = session.invoice
    ? get(books, "invoice", session.invoice)
    : firstInvoice(books, plan, session.customer);
  const data = plan.items.map(({ price: id, quantity }, index): LineItem => {
    const price = get(books, "price", id);
    return {
      id: `li_${session.id.slice(-14)}${index}`,
      object: "item",
      adjustable_quantity: null,
      ...amountsOf(invoice.lines.data[index]),
      currency: price.currency,
      description: books.store.find("product", price.product)?.name ?? null,
      metadata: {},
      price,
      quantity,
    };
  });
  return { object: "list", data, has_more: false, url };
}

type Amounts = Pick<LineItem, "amount_discount" | "amount_subtotal" | "amount_tax" | "amount_total">;

function amountsOf(line: InvoiceLine | undefined): Amounts {
  const subtotal = line?.amount ?? 0;
  const discount = line ? sum(discountsOn(line)) : 0;
  const taxes = line?.taxes ?? [];
  const added = taxes.filter(({ tax_behavior }) => tax_behavior === "exclusive");
  return {
    amount_discount: discount,
    amount_subtotal: subtotal,
    amount_tax: sum(taxes.map(({ amount }) => amount)),
    amount_total: subtotal - discount + sum(added.map(({ amount }) => amount)),
  };
}
