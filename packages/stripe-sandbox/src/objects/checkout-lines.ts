import type Stripe from "stripe";
import { type CheckoutPlan, lineSums } from "../billing/checkout-plan.ts";
import { quantityFor } from "../billing/metered-usage.ts";
import { type Books, get } from "../books.ts";
import type { CheckoutSession, Stored } from "../wire.ts";

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
  const paid = session.invoice ? lineSums(get(books, "invoice", session.invoice)) : plan.lines;
  const data = plan.items.map(({ price: id, quantity }, index): LineItem => {
    const price = get(books, "price", id);
    const sums = paid[index];
    return {
      id: `li_${session.id.slice(-14)}${index}`,
      object: "item",
      adjustable_quantity: null,
      amount_discount: sums?.discount ?? 0,
      amount_subtotal: sums?.subtotal ?? 0,
      amount_tax: sums?.tax ?? 0,
      amount_total: sums?.total ?? 0,
      currency: price.currency,
      description: books.store.find("product", price.product)?.name ?? null,
      metadata: {},
      price,
      quantity: quantityFor(price, quantity) ?? null,
    };
  });
  return { object: "list", data, has_more: false, url };
}
