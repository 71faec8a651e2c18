import { type Books, change, get } from "../books.ts";
import { invalid, missing, unsupported } from "../failures.ts";
import type { PortalConfiguration, PortalSession, Subscription } from "../wire.ts";
import { cancelNow } from "./cancel-now.ts";
import { assertOwnEnd, planEnd } from "./cancellation-plans.ts";
import { attachTestCard } from "./payment-methods.ts";

/** What a person does in the customer portal. */
export interface PortalAction {
  verb: string;
  /** Needed only where the customer has several live subscriptions. */
  subscription?: string | undefined;
  /** A test card's name. */
  card?: string | undefined;
}

/**
 * Carries out an action of the portal as its configuration allows: `cancel` (its mode and proration), `resume`
 * (withdraws a planned end), `card` (the new default everywhere). 400 for a feature that is switched off; switching
 * prices is refused, for several items with Stripe's own limit.
 */
export function actInPortal(books: Books, session: PortalSession, action: PortalAction): object {
  const configuration = get(books, "billing_portal.configuration", session.configuration);
  if (action.verb === "card") return changeCard(books, session, configuration, action.card ?? "pm_card_visa");
  const subscription = subscriptionFor(books, session, action.subscription);
  if (action.verb === "cancel") return cancel(books, subscription, configuration);
  if (action.verb === "resume") return resume(books, subscription);
  if (subscription.items.data.length > 1) {
    throw invalid("Subscriptions with several items cannot be switched in the customer portal.");
  }
  throw unsupported("switching a subscription in the portal");
}

/** The customer's subscriptions that have not ended, oldest first. */
export function liveSubscriptions(books: Pick<Books, "store">, customer: string): Subscription[] {
  return books.store
    .where("subscription", "$.customer", customer)
    .filter(({ status }) => status !== "canceled" && status !== "incomplete_expired");
}

function subscriptionFor(books: Books, session: PortalSession, named: string | undefined): Subscription {
  const live = liveSubscriptions(books, session.customer);
  const found = named === undefined ? live[0] : live.find(({ id }) => id === named);
  if (!found) throw missing("subscription", named ?? "", "subscription");
  if (named === undefined && live.length > 1) {
    throw invalid("The customer has several subscriptions: name one.", "parameter_missing", "subscription");
  }
  return found;
}

function cancel(books: Books, subscription: Subscription, { features }: PortalConfiguration): Subscription {
  const { enabled, mode, proration_behavior: proration } = features.subscription_cancel;
  if (!enabled) throw off("subscription_cancel");
  if (mode === "immediately") {
    const asked = { ...subscription, canceled_at: books.now };
    return cancelNow(books, asked, proration !== "none", proration === "always_invoice");
  }
  if (subscription.cancel_at !== null) throw invalid("This subscription already ends.");
  const end = Math.min(...subscription.items.data.map((item) => item.current_period_end));
  assertOwnEnd(subscription);
  const planned = planEnd(books, subscription, end, true);
  return change(books, "subscription", subscription, planned, "customer.subscription.updated");
}

function resume(books: Books, subscription: Subscription): Subscription {
  if (subscription.cancel_at === null) throw invalid("This subscription does not end: nothing to withdraw.");
  assertOwnEnd(subscription);
  const kept = planEnd(books, subscription, null, false);
  return change(books, "subscription", subscription, kept, "customer.subscription.updated");
}

/** A new card pays from now on: the customer's default, and that of subscriptions with one of their own. */
function changeCard(
  books: Books,
  session: PortalSession,
  { features }: PortalConfiguration,
  card: string,
): object {
  if (!features.payment_method_update.enabled) throw off("payment_method_update");
  const method = attachTestCard(books, card, session.customer);
  const before = get(books, "customer", session.customer);
  const invoice_settings = { ...before.invoice_settings, default_payment_method: method.id };
  change(books, "customer", before, { ...before, invoice_settings }, "customer.updated");
  for (const subscription of liveSubscriptions(books, session.customer)) {
    if (subscription.default_payment_method === null) continue;
    const after = { ...subscription, default_payment_method: method.id };
    change(books, "subscription", subscription, after, "customer.subscription.updated");
  }
  return method;
}

function off(feature: string): Error {
  return invalid(`The portal's configuration has ${feature} switched off.`, "sandbox_portal_off");
}
