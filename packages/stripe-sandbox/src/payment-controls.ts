import { type PaymentFailure, paymentFailures, setPaymentFailures } from "./billing/payment-failures.ts";
import { get } from "./books.ts";
import { BadControl } from "./fault-rules.ts";
import type { Sandbox } from "./parts.ts";

const byHand = { id: null, idempotency_key: null };

/** `POST /_sandbox/payments/fail`: adds a failure. Throws BadControl, or `resource_missing` for an unknown id. */
export function failPayments(sandbox: Sandbox, body: Record<string, unknown>): object {
  const known = ["customer", "subscription", "times"];
  const strange = Object.keys(body).find((key) => !known.includes(key));
  if (strange !== undefined) throw new BadControl(`${strange} is not a field: ${known.join(", ")}.`);
  const failure = {
    customer: idOf(body, "customer"),
    subscription: idOf(body, "subscription"),
    left: timesOf(body),
  };
  return sandbox.transact(byHand, (books) => {
    if (failure.customer !== null) get(books, "customer", failure.customer, "customer");
    if (failure.subscription !== null) get(books, "subscription", failure.subscription, "subscription");
    setPaymentFailures(books, [...paymentFailures(books), failure]);
    return shownFailures(sandbox);
  });
}

/** `DELETE /_sandbox/payments/fail`: none fails any more but by its card. */
export function forgetFailures(sandbox: Sandbox): object {
  return sandbox.transact(byHand, (books) => {
    setPaymentFailures(books, []);
    return shownFailures(sandbox);
  });
}

export function shownFailures(sandbox: Sandbox): { failures: PaymentFailure[] } {
  return { failures: paymentFailures(sandbox) };
}

function idOf(body: Record<string, unknown>, name: string): string | null {
  const value = body[name] ?? null;
  if (value !== null && typeof value !== "string") throw new BadControl(`${name} must be a string.`);
  return value;
}

function timesOf({ times = 1 }: Record<string, unknown>): number {
  if (typeof times === "number" && Number.isInteger(times) && times >= 1 && times <= 100) return times;
  throw new BadControl("times must be a number from 1 to 100.");
}
