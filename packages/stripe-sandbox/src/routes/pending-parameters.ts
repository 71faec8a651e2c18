import { invalid } from "../failures.ts";
import type { Subscription } from "../wire.ts";

/** What may stand beside `payment_behavior=pending_if_incomplete` (docs.stripe.com/billing/subscriptions/pending-updates). */
const allowed = [
  "add_invoice_items",
  "billing_cycle_anchor",
  "expand",
  "items",
  "payment_behavior",
  "proration_behavior",
  "proration_date",
  "trial_end",
  "trial_from_plan",
];
const allowedOfItem = ["deleted", "id", "price", "quantity"];

/**
 * 400 for an update with `pending_if_incomplete` that also changes what cannot wait, or of a subscription that sends its
 * invoices.
 */
export function assertPendable(
  subscription: Subscription,
  behavior: string | undefined,
  input: object,
  items: object[],
): void {
  if (behavior !== "pending_if_incomplete") return;
  const [extra] = [...given(input, allowed), ...items.flatMap((item) => given(item, allowedOfItem))];
  if (extra !== undefined) {
    const message = `${extra} cannot be changed with payment_behavior=pending_if_incomplete.`;
    throw invalid(message, undefined, extra);
  }
  if (subscription.collection_method !== "charge_automatically") {
    const message = "Pending updates need collection_method=charge_automatically.";
    throw invalid(message, undefined, "payment_behavior");
  }
}

function given(input: object, known: string[]): string[] {
  const named = Object.entries(input).filter(([, value]) => value !== undefined);
  return named.map(([name]) => name).filter((name) => !known.includes(name));
}
