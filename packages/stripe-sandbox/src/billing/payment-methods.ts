import { type Books, create, get, save } from "../books.ts";
import { missing } from "../failures.ts";
import { buildPaymentMethod, testCards } from "../objects/payment-method.ts";
import type { PaymentMethod } from "../wire.ts";

/** Makes the card that a test name such as `pm_card_visa` stands for and attaches it. 400 for another name. */
export function attachTestCard(books: Books, name: string, customer: string): PaymentMethod {
  const card = Object.hasOwn(testCards, name) ? testCards[name] : undefined;
  if (!card) throw missing("PaymentMethod", name, "payment_method");
  const method = buildPaymentMethod(books.now, customer, card);
  return create(books, "payment_method", method, "payment_method.attached", { declines: card.declines });
}

/** The customer's payment method that a request names: one of its own, or a test name, which attaches a new card. */
export function methodFor(books: Books, id: string, customer: string, param: string): PaymentMethod {
  if (Object.hasOwn(testCards, id)) return attachTestCard(books, id, customer);
  const method = get(books, "payment_method", id, param);
  if (method.customer !== customer) throw missing("PaymentMethod", id, param);
  return method;
}

/** Takes a card from its customer; defaults that named it are cleared. */
export function detach(books: Books, method: PaymentMethod): PaymentMethod {
  const customer = method.customer === null ? null : books.store.find("customer", method.customer);
  const detached = { ...method, customer: null };
  create(books, "payment_method", detached, "payment_method.detached");
  if (customer?.invoice_settings.default_payment_method === method.id) {
    const invoice_settings = { ...customer.invoice_settings, default_payment_method: null };
    save(books, "customer", { ...customer, invoice_settings });
  }
  return detached;
}
