import type Stripe from "stripe";
import type { CheckoutPlan } from "../billing/checkout.ts";
import { type Books, get } from "../books.ts";
import { lineAmount } from "../decimal.ts";
import type { CheckoutSession, Stored } from "../wire.ts";

type LineItem = Stored<Stripe.LineItem>;

interface LineItemList {
  object: "list";
  data: LineItem[];
  has_more: boolean;
  url: string;
}

/** What a session sells, as `line_items`. */
export function lineItemsOf(books: Books, session: CheckoutSession): LineItemList {
  const items = books.store.detail<CheckoutPlan>(session.id)?.items ?? [];
  const data = items.map(({ price: id, quantity }, index): LineItem => {
    const price = get(books, "price", id);
    const amount = lineAmount(price.unit_amount_decimal ?? "0", quantity);
    return {
      id: `li_${session.id.slice(-14)}${index}`,
      object: "item",
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: price.currency,
      description: books.store.find("product", price.product)?.name ?? null,
      metadata: {},
      price,
      quantity,
    };
  });
  return { object: "list", data, has_more: false, url: `/v1/checkout/sessions/${session.id}/line_items` };
}
