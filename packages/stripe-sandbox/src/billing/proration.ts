import { type Books, create, get } from "../books.ts";
import { lineAmount } from "../decimal.ts";
import { buildInvoiceItem, type Credited } from "../objects/invoice-item.ts";
import type { InvoiceItem, Subscription, SubscriptionItem, TaxRate } from "../wire.ts";
import { type Debit, debitsOf, dropDebits, noteCharge } from "./debits.ts";
import { discountShares, discountsOf } from "./discounts.ts";
import { labelOf } from "./invoicing.ts";
import { isMetered } from "./metered-usage.ts";
import { sum } from "./totals.ts";

/** What a proration adjusts: the state of an item, or a debit that was made for it. */
interface Subject {
  item: string;
  price: { id: string; product: string };
  quantity: number;
  end: number;
  taxRates: TaxRate[];
  credits: Credited | null;
  /** A credit is taxed as its debit was, also where that had no tax. */
  taxFixed: boolean;
}

/**
 * Credits what was debited for an item and is not used up at `at`: a pending, negative invoice item for each debit
 * in flexible billing mode, one by the item's current state in classic mode, none for nothing.
 */
export function credit(books: Books, subscription: Subscription, item: SubscriptionItem, at: number): void {
  if (isMetered(item.price)) return;
  if (subscription.billing_mode.type === "classic") {
    adjust(books, subscription, subjectOf(item), at, -currentShare(books, subscription, item, at));
    return;
  }
  for (const debit of debitsOf(books, subscription.id, item.id, at)) {
    const left = Math.min(debit.end - at, debit.end - debit.start);
    const amount = lineAmount(String(debit.net), 1, left, debit.end - debit.start);
    adjust(books, subscription, debited(books, debit), Math.max(at, debit.start), -amount);
  }
  dropDebits(books, subscription.id, item.id, at);
}

/** Charges an item for the rest of its period: a pending invoice item (none for nothing). */
export function charge(books: Books, subscription: Subscription, item: SubscriptionItem, at: number): void {
  if (isMetered(item.price)) return;
  const amount = currentShare(books, subscription, item, at);
  const made = adjust(books, subscription, subjectOf(item), at, amount);
  if (made) noteCharge(books, subscription, item.id, made);
}

/** The price of an item's state from `at` to the end of its period, after the subscription's discounts. */
function currentShare(books: Books, subscription: Subscription, item: SubscriptionItem, at: number): number {
  const whole = item.current_period_end - item.current_period_start;
  const part = Math.min(whole, Math.max(0, item.current_period_end - at));
  const unit = get(books, "price", item.price.id).unit_amount_decimal ?? "0";
  const off = discountOn(books, subscription, item);
  const quantity = item.quantity ?? 1;
  if (off === 0) return lineAmount(unit, quantity, part, whole);
  return lineAmount(String(lineAmount(unit, quantity) - off), 1, part, whole);
}

/** An item's part of what the subscription's discounts would take off a whole period. */
function discountOn(books: Books, subscription: Subscription, item: SubscriptionItem): number {
  const ids = discountsOf(books, subscription);
  if (ids.length === 0) return 0;
  const { data } = subscription.items;
  const shares = discountShares(
    books,
    ids,
    data.map((entry) => ({
      amount: isMetered(entry.price)
        ? 0
        : lineAmount(entry.price.unit_amount_decimal ?? "0", entry.quantity ?? 1),
      product: entry.price.product,
    })),
  );
  return sum((shares[data.findIndex(({ id }) => id === item.id)] ?? []).map(({ amount }) => amount));
}

function subjectOf(item: SubscriptionItem): Subject {
  return {
    item: item.id,
    price: { id: item.price.id, product: item.price.product },
    quantity: item.quantity ?? 1,
    end: item.current_period_end,
    taxRates: item.tax_rates ?? [],
    credits: null,
    taxFixed: false,
  };
}

function debited(books: Books, debit: Debit): Subject {
  const taxRates = debit.taxRates.map((id) => get(books, "tax_rate", id));
  return { ...debit, taxRates, credits: debit.source, taxFixed: true };
}

function adjust(
  books: Books,
  subscription: Subscription,
  subject: Subject,
  at: number,
  amount: number,
): InvoiceItem | null {
  if (amount === 0) return null;
  const what = amount < 0 ? "Unused time on" : "Remaining time on";
  const label = labelOf(books, subject.price.product);
  const pending: InvoiceItem = buildInvoiceItem({
    now: books.now,
    customer: subscription.customer,
    currency: subscription.currency,
    amount,
    unitAmount: null,
    price: subject.price,
    quantity: String(subject.quantity),
    invoice: null,
    subscription: { id: subscription.id, item: subject.item },
    period: { start: at, end: subject.end },
    proration: true,
    description: `${what} ${subject.quantity} × ${label} after ${dayOf(at)}`,
    discountable: false,
    taxRates: subject.taxRates,
    credits: subject.credits,
    metadata: {},
  });
  const { taxFixed } = subject;
  return create(books, "invoiceitem", pending, "invoiceitem.created", { taxFixed });
}

function dayOf(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}
