import { type Books, create, get } from "../books.ts";
import { lineAmount } from "../decimal.ts";
import { buildInvoiceItem } from "../objects/invoice-item.ts";
import type { InvoiceItem, Subscription, SubscriptionItem } from "../wire.ts";
import { labelOf } from "./invoicing.ts";

/** The part of an item's period that is still ahead, in seconds. */
export interface Share {
  part: number;
  whole: number;
}

/** How much of the item's current period is left at `at`. Prorations go by the second. */
function remaining(item: SubscriptionItem, at: number): Share {
  const whole = item.current_period_end - item.current_period_start;
  const part = Math.min(whole, Math.max(0, item.current_period_end - at));
  return { part, whole };
}

/** Credits what was paid for an item and is not used up: a pending, negative invoice item (none for nothing). */
export function credit(books: Books, subscription: Subscription, item: SubscriptionItem, at: number): void {
  adjust(books, subscription, item, at, -1);
}

/** Charges an item for the rest of its period: a pending invoice item (none for nothing). */
export function charge(books: Books, subscription: Subscription, item: SubscriptionItem, at: number): void {
  adjust(books, subscription, item, at, 1);
}

function adjust(
  books: Books,
  subscription: Subscription,
  item: SubscriptionItem,
  at: number,
  sign: 1 | -1,
): void {
  const price = get(books, "price", item.price.id);
  const quantity = item.quantity ?? 1;
  const { part, whole } = remaining(item, at);
  const amount = sign * lineAmount(price.unit_amount_decimal ?? "0", quantity, part, whole);
  if (amount === 0) return;
  const what = sign < 0 ? "Unused time on" : "Remaining time on";
  const pending: InvoiceItem = buildInvoiceItem({
    now: books.now,
    customer: subscription.customer,
    currency: subscription.currency,
    amount,
    unitAmount: null,
    price: { id: price.id, product: price.product },
    quantity: String(quantity),
    invoice: null,
    subscription: { id: subscription.id, item: item.id },
    period: { start: at, end: item.current_period_end },
    proration: true,
    description: `${what} ${quantity} × ${labelOf(books, item)} after ${dayOf(at)}`,
    discountable: false,
    metadata: {},
  });
  create(books, "invoiceitem", pending, "invoiceitem.created");
}

function dayOf(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}
