import type { Books } from "../books.ts";
import type { Credited } from "../objects/invoice-item.ts";
import type { Invoice, InvoiceItem, Subscription, TaxRate } from "../wire.ts";
import { discountsOn, sum } from "./totals.ts";

/**
 * What was debited for an item and a span of time. Credits of flexible billing mode are shares of these, whatever
 * the item has become since (docs.stripe.com/billing/subscriptions/billing-mode/compare).
 */
export interface Debit {
  item: string;
  /** After discounts, minor units. */
  net: number;
  start: number;
  end: number;
  price: { id: string; product: string };
  quantity: number;
  /** Ids of the tax rates it was taxed with. */
  taxRates: string[];
  /** The line it stands on, or the charge that waited for its invoice. */
  source: Credited;
}

type Ledger = { debits?: Debit[] };

/** The debits of one item that reach beyond an instant, oldest first. */
export function debitsOf(books: Books, subscription: string, item: string, at: number): Debit[] {
  return debitLedger(books, subscription).filter((debit) => debit.item === item && debit.end > at);
}

function addDebit(books: Books, subscription: string, debit: Debit): void {
  const over = (known: Debit): boolean => known.item === debit.item && known.end <= debit.start;
  putDebits(books, subscription, [
    ...debitLedger(books, subscription).filter((known) => !over(known)),
    debit,
  ]);
}

/** Forgets debits that were credited. */
export function dropDebits(books: Books, subscription: string, item: string, at: number): void {
  const kept = debitLedger(books, subscription).filter((debit) => debit.item !== item || debit.end <= at);
  putDebits(books, subscription, kept);
}

/** Notes what an invoice bills in advance for a subscription's items. */
export function noteDebits(books: Books, subscription: Subscription, invoice: Invoice): void {
  for (const line of invoice.lines.data) {
    const item = line.parent?.subscription_item_details?.subscription_item;
    const price = line.pricing?.price_details;
    if (!item || !price) continue;
    addDebit(books, subscription.id, {
      item,
      net: line.amount - sum(discountsOn(line)),
      start: line.period.start,
      end: line.period.end,
      price: { id: price.price, product: price.product },
      quantity: line.quantity ?? 1,
      taxRates: invoice.automatic_tax.enabled ? [] : ratesOn(line.taxes),
      source: { invoice: invoice.id, line: line.id },
    });
  }
}

/** Notes a proration's charge, which waits for its invoice. */
export function noteCharge(
  books: Books,
  subscription: Subscription,
  item: string,
  charge: InvoiceItem,
): void {
  const price = charge.pricing?.price_details;
  if (!price) return;
  addDebit(books, subscription.id, {
    item,
    net: charge.amount,
    start: charge.period.start,
    end: charge.period.end,
    price: { id: price.price, product: price.product },
    quantity: charge.quantity,
    taxRates: ratesFor(subscription, item, charge).map(({ id }) => id),
    source: { invoiceItem: charge.id },
  });
}

function ratesFor(subscription: Subscription, item: string, charge: InvoiceItem): TaxRate[] {
  if (charge.tax_rates && charge.tax_rates.length > 0) return charge.tax_rates;
  const own = subscription.items.data.find(({ id }) => id === item)?.tax_rates ?? [];
  return own.length > 0 ? own : (subscription.default_tax_rates ?? []);
}

function ratesOn(taxes: Invoice["lines"]["data"][number]["taxes"]): string[] {
  return (taxes ?? []).flatMap(({ tax_rate_details: details }) => (details ? [details.tax_rate] : []));
}

/** All that was debited for a subscription and is not used up. */
export function debitLedger(books: Books, subscription: string): Debit[] {
  return books.store.detail<Ledger>(subscription)?.debits ?? [];
}

/** Replaces what was debited. */
export function putDebits(books: Books, subscription: string, debits: Debit[]): void {
  books.store.putDetail(subscription, { ...books.store.detail(subscription), debits });
}
