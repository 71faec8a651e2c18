import { end } from "../billing/cancellation.ts";
import { assertOwnEnd, planEnd } from "../billing/cancellation-plans.ts";
import { type DiscountOwner, type Redemption, redeem } from "../billing/discounts.ts";
import { changedItems, patched } from "../billing/items.ts";
import { pauseAfterTrial, withoutPayer } from "../billing/pausing.ts";
import { methodFor } from "../billing/payment-methods.ts";
import { changeSubscription } from "../billing/subscription-change.ts";
import { assertOneTax, assertTaxLocation, taxRatesNamed } from "../billing/taxes.ts";
import { type Books, get, note } from "../books.ts";
import { invalid, unsupported } from "../failures.ts";
import { itemList, subscriptionTax } from "../objects/subscription.ts";
import type { Parsed } from "../parameters.ts";
import type { Subscription } from "../wire.ts";
import { assertPendable } from "./pending-parameters.ts";
import { daysUntilDue, type updateTable } from "./subscription-parameters.ts";

type Input = Parsed<typeof updateTable>;
type EndOf = (subscription: Subscription, at: number | "min_period_end" | "max_period_end") => number;

/** `POST /v1/subscriptions/{id}`: plain fields, the planned end, the trial and the items, as one change. */
export function updateSubscription(
  books: Books,
  before: Subscription,
  input: Input,
  endOf: EndOf,
): Subscription {
  assertPendable(before, input.payment_behavior, input, input.items ?? []);
  const plain = withTerms(books, withPlainFields(books, before, input), input);
  const fields = withTrial(books, withEnd(books, plain, input, endOf), input);
  const without =
    before.status === "trialing" && input.trial_end === "now" ? withoutPayer(books, fields) : null;
  if (without === "cancel") return end(books, fields, { reason: "cancellation_requested" });
  if (without === "pause") return pauseAfterTrial(books, before, withItems(books, fields, input));
  const anchor =
    typeof input.billing_cycle_anchor === "object"
      ? input.billing_cycle_anchor.type
      : input.billing_cycle_anchor;
  return changeSubscription(books, before, {
    fields,
    items: input.items ?? [],
    proration: input.proration_behavior ?? "create_prorations",
    at: prorationDate(before, input.proration_date ?? books.now),
    restart: anchor === "now" || (before.status === "trialing" && input.trial_end === "now"),
    payment: input.payment_behavior ?? "allow_incomplete",
  });
}

function withItems(books: Books, subscription: Subscription, input: Input): Subscription {
  const items = input.items ? changedItems(books, subscription, input.items) : subscription.items.data;
  return { ...subscription, items: itemList(subscription.id, items) };
}

function withPlainFields(books: Books, before: Subscription, input: Input): Subscription {
  const method = input.default_payment_method;
  const details = input.cancellation_details;
  const old = before.cancellation_details;
  return {
    ...before,
    description: input.description === undefined ? before.description : input.description,
    metadata: patched(before.metadata, input.metadata),
    default_payment_method:
      method === undefined
        ? before.default_payment_method
        : methodFor(books, method, before.customer, "default_payment_method").id,
    cancellation_details: {
      comment: details?.comment === undefined ? (old?.comment ?? null) : details.comment,
      feedback: details?.feedback === undefined ? (old?.feedback ?? null) : details.feedback,
      feedback_option: old?.feedback_option ?? null,
      reason: old?.reason ?? null,
    },
    pause_collection: collectionAfter(books, before, input),
    trial_settings: input.trial_settings
      ? {
          end_behavior: {
            billing_cycle_anchor: null,
            missing_payment_method:
              input.trial_settings.end_behavior.missing_payment_method ?? "create_invoice",
          },
        }
      : before.trial_settings,
  };
}

/** Paused until an instant or for good; `""` goes on collecting. Invoices that are there already are not touched. */
function collectionAfter(books: Books, before: Subscription, input: Input): Subscription["pause_collection"] {
  const pause = input.pause_collection;
  if (pause === undefined || pause === null) return pause === null ? null : before.pause_collection;
  const { behavior, resumes_at: resumesAt = null } = pause;
  if (resumesAt !== null && resumesAt <= books.now) {
    throw invalid("resumes_at must be in the future.", undefined, "pause_collection[resumes_at]");
  }
  return { behavior, resumes_at: resumesAt };
}

/** Discounts, taxes and the way of collecting; they hold from the next invoice. */
function withTerms(books: Books, subscription: Subscription, input: Input): Subscription {
  const { customer, currency, id } = subscription;
  const tax = input.automatic_tax;
  if (tax?.enabled) assertTaxLocation(get(books, "customer", customer));
  const days = daysUntilDue(input.collection_method, input.days_until_due, subscription.days_until_due);
  const rates = input.default_tax_rates;
  const known = subscription.default_tax_rates ?? [];
  const given = rates === undefined ? known : taxRatesNamed(books, rates ?? [], "default_tax_rates", known);
  assertOneTax(tax?.enabled ?? subscription.automatic_tax.enabled, given);
  return {
    ...subscription,
    automatic_tax: tax ? subscriptionTax(tax.enabled) : subscription.automatic_tax,
    collection_method: days === null ? "charge_automatically" : "send_invoice",
    days_until_due: days,
    default_tax_rates: given,
    discounts: discountsAfter(books, subscription, input.discounts, { customer, currency, subscription: id }),
  };
}

/** A list replaces the discounts, an empty one leaves them, `""` clears them (Subscriptions.d.ts). */
function discountsAfter(
  books: Books,
  { discounts }: Subscription,
  entries: Redemption[] | null | undefined,
  owner: DiscountOwner,
): string[] {
  if (entries === undefined || entries?.length === 0) return discounts;
  const kept = entries === null ? [] : redeem(books, entries, owner);
  for (const id of discounts.filter((known) => !kept.includes(known))) {
    note(books, "customer.discount.deleted", get(books, "discount", id));
  }
  return kept;
}

function withEnd(books: Books, subscription: Subscription, input: Input, endOf: EndOf): Subscription {
  if (input.cancel_at !== undefined && input.cancel_at_period_end !== undefined) {
    throw invalid(
      "Pass only one of cancel_at and cancel_at_period_end.",
      "parameters_exclusive",
      "cancel_at",
    );
  }
  if (input.cancel_at !== undefined || input.cancel_at_period_end !== undefined) assertOwnEnd(subscription);
  if (input.cancel_at_period_end === true) {
    return planEnd(books, subscription, endOf(subscription, "min_period_end"), true);
  }
  if (input.cancel_at_period_end === false || input.cancel_at === null) {
    return subscription.cancel_at === null ? subscription : planEnd(books, subscription, null, false);
  }
  if (input.cancel_at === undefined) return subscription;
  const at = endOf(subscription, input.cancel_at);
  if (at <= books.now) throw invalid("cancel_at must be in the future.", undefined, "cancel_at");
  assertWholePeriods(subscription, at, input.proration_behavior);
  return planEnd(books, subscription, at, false);
}

/** An end within a period is prorated by Stripe, and not here; without prorations it is just an end. */
export function assertWholePeriods(
  subscription: Subscription,
  at: number,
  proration: string | undefined,
): void {
  const ends = subscription.items.data.map((item) => item.current_period_end);
  if (at >= Math.max(...ends) || ends.includes(at) || proration === "none") return;
  throw unsupported("cancel_at within a period with prorations; pass proration_behavior=none", "cancel_at");
}

/** A running trial can be ended now or moved; a subscription that has none gets none. */
function withTrial(books: Books, subscription: Subscription, input: Input): Subscription {
  const end = input.trial_end;
  if (end === undefined || (end === "now" && subscription.status !== "trialing")) return subscription;
  if (subscription.status !== "trialing") throw unsupported("a trial on a running subscription", "trial_end");
  if (end === "now") return { ...subscription, status: "active", trial_end: books.now };
  if (end <= books.now) throw invalid("The trial must end in the future.", undefined, "trial_end");
  const data = subscription.items.data.map((item) => ({ ...item, current_period_end: end }));
  return {
    ...subscription,
    trial_end: end,
    billing_cycle_anchor: end,
    items: { ...subscription.items, data },
  };
}

/** The instant prorations count from. 400 outside the items' current periods; a paused subscription prorates nothing. */
export function prorationDate(subscription: Subscription, at: number): number {
  if (subscription.status === "paused") return at;
  const starts = subscription.items.data.map((item) => item.current_period_start);
  const ends = subscription.items.data.map((item) => item.current_period_end);
  if (at < Math.min(...starts) || at > Math.max(...ends)) {
    throw invalid("proration_date must lie within the current period.", undefined, "proration_date");
  }
  return at;
}
