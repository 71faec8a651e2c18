import type Stripe from "stripe";
import { attachTestCard, detach } from "../billing/payment-methods.ts";
import { type Books, get } from "../books.ts";
import { invalid } from "../failures.ts";
import { pageOf } from "../lists.ts";
import { testCards } from "../objects/payment-method.ts";
import { expand, only, paging, parameters, refused, required, text } from "../parameters.ts";
import { route } from "../routes.ts";
import type { PaymentMethod } from "../wire.ts";

const listTable = parameters<Stripe.PaymentMethodListParams>()({
  ...paging,
  allow_redisplay: refused,
  customer: text,
  customer_account: refused,
  type: only("card"),
});
const attachTable = parameters<Stripe.PaymentMethodAttachParams>()({
  customer: required(text),
  customer_account: refused,
  expand,
});

function attach(books: Books, id: string, customerId: string): PaymentMethod {
  const customer = get(books, "customer", customerId, "customer");
  if (Object.hasOwn(testCards, id)) return attachTestCard(books, id, customer.id);
  const method = get(books, "payment_method", id);
  if (method.customer === customer.id) return method;
  throw invalid(
    "This payment method was attached before and cannot be used again.",
    "payment_method_unexpected_state",
  );
}

export const paymentMethods = [
  route("GET", "/v1/payment_methods", listTable, ({ books, input, path }) =>
    pageOf(books, "payment_method", path, input, {
      equal: { "$.customer": input.customer, "$.type": input.type },
    }),
  ),
  route("GET", "/v1/payment_methods/{id}", { expand }, ({ books, id }) => get(books, "payment_method", id)),
  route("POST", "/v1/payment_methods/{id}/attach", attachTable, ({ books, input, id }) =>
    attach(books, id, input.customer),
  ),
  route("POST", "/v1/payment_methods/{id}/detach", { expand }, ({ books, id }) =>
    detach(books, get(books, "payment_method", id)),
  ),
  route(
    "GET",
    "/v1/customers/{id}/payment_methods",
    { ...paging, type: only("card"), allow_redisplay: refused },
    ({ books, input, id, path }) =>
      pageOf(books, "payment_method", path, input, {
        equal: { "$.customer": get(books, "customer", id).id },
      }),
  ),
];
