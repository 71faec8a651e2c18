import type { Books } from "../books.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import type { Store } from "../store.ts";
import type { Invoice } from "../wire.ts";

/** The next automatic payments of somebody that are declined whatever the card is; null: of anybody. */
export interface PaymentFailure {
  customer: string | null;
  subscription: string | null;
  /** How many payments it still declines. */
  left: number;
}

const setting = "payment_failures";

/** What was asked for and has not happened yet, oldest first. */
export function paymentFailures({ store }: { store: Store }): PaymentFailure[] {
  return JSON.parse(store.setting(setting) ?? "[]");
}

/** Replaces what is still to happen. */
export function setPaymentFailures({ store }: Pick<Books, "store">, failures: PaymentFailure[]): void {
  store.putSetting(setting, JSON.stringify(failures.filter(({ left }) => left > 0)));
}

/**
 * Whether this payment is one that is to fail; it is counted then. Only what the clock collects counts: a payment
 * that a request asks for follows its card, for it may be undone with the request.
 */
export function takeFailure(books: Books, invoice: Invoice): boolean {
  if (books.cause.id !== null) return false;
  const failures = paymentFailures(books);
  const hit = failures.find(
    ({ customer, subscription }) =>
      (customer === null || customer === invoice.customer) &&
      (subscription === null || subscription === subscriptionOf(invoice)),
  );
  if (!hit) return false;
  hit.left -= 1;
  setPaymentFailures(books, failures);
  return true;
}
