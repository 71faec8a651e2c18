import type Stripe from "stripe";
import { invalid } from "../failures.ts";
import {
  choice,
  clearable,
  count,
  currency,
  either,
  except,
  expand,
  flag,
  ignored,
  integer,
  list,
  metadata,
  object,
  onlyDisabled,
  paging,
  parameters,
  range,
  refused,
  required,
  text,
} from "../parameters.ts";
import { automaticTax, discounts, taxRateIds } from "./terms-parameters.ts";

export const prorationBehavior = choice("create_prorations", "always_invoice", "none");
export const paymentBehavior = choice(
  "allow_incomplete",
  "error_if_incomplete",
  "default_incomplete",
  "pending_if_incomplete",
);
const collectionMethod = choice("charge_automatically", "send_invoice");

const feedback = choice(
  "customer_service",
  "low_quality",
  "missing_features",
  "other",
  "switched_service",
  "too_complex",
  "too_expensive",
  "unused",
);
const cancellationDetails = object(
  parameters<Stripe.SubscriptionUpdateParams.CancellationDetails>()({
    comment: clearable(text),
    feedback: clearable(feedback),
    feedback_option: refused,
  }),
);
export const missingMethod = choice("create_invoice", "cancel", "pause");
const trialSettings = object({
  end_behavior: required(object({ billing_cycle_anchor: refused, missing_payment_method: missingMethod })),
});
export const billingMode = object({
  flexible: ignored,
  type: required(choice("classic", "flexible")),
});
const timeOrWord = <Word extends string>(...words: Word[]) =>
  either(
    (raw) => typeof raw === "string" && /^-?\d+$/.test(raw),
    integer,
    except(choice(...words), "max_billed_until"),
  );

const cancelAt = timeOrWord("min_period_end", "max_period_end");

const itemCreate = parameters<Stripe.SubscriptionCreateParams.Item>()({
  billing_thresholds: refused,
  current_trial: refused,
  discounts: refused,
  metadata,
  plan: refused,
  price: required(text),
  price_data: refused,
  quantity: count,
  tax_rates: taxRateIds,
});
const itemUpdate = parameters<Stripe.SubscriptionUpdateParams.Item>()({
  ...itemCreate,
  clear_usage: refused,
  deleted: flag,
  id: text,
  price: text,
});

const shared = {
  add_invoice_items: refused,
  application_fee_percent: refused,
  automatic_tax: automaticTax,
  billing_schedules: refused,
  billing_thresholds: refused,
  cancel_at_period_end: flag,
  collection_method: collectionMethod,
  days_until_due: count,
  default_payment_method: text,
  default_source: refused,
  default_tax_rates: taxRateIds,
  description: clearable(text),
  discounts,
  expand,
  invoice_settings: refused,
  metadata,
  off_session: ignored,
  on_behalf_of: refused,
  payment_behavior: paymentBehavior,
  payment_settings: ignored,
  pending_invoice_item_interval: refused,
  proration_behavior: prorationBehavior,
  transfer_data: refused,
  trial_from_plan: onlyDisabled,
  trial_settings: trialSettings,
};

export const createTable = parameters<Stripe.SubscriptionCreateParams>()({
  ...shared,
  backdate_start_date: refused,
  billing_cycle_anchor: refused,
  billing_cycle_anchor_config: refused,
  billing_mode: billingMode,
  cancel_at: cancelAt,
  currency,
  customer: required(text),
  customer_account: refused,
  items: required(list(object(itemCreate))),
  trial_end: timeOrWord("now"),
  trial_period_days: count,
});
export const updateTable = parameters<Stripe.SubscriptionUpdateParams>()({
  ...shared,
  billing_cycle_anchor: either(
    (raw) => typeof raw === "string",
    choice("now", "unchanged"),
    object({ type: choice("now", "unchanged") }),
  ),
  cancel_at: clearable(cancelAt),
  cancellation_details: cancellationDetails,
  items: list(object(itemUpdate)),
  pause_collection: clearable(
    object({
      behavior: required(choice("keep_as_draft", "mark_uncollectible", "void")),
      resumes_at: integer,
    }),
  ),
  proration_date: integer,
  trial_end: timeOrWord("now"),
});
export const listTable = parameters<Stripe.SubscriptionListParams>()({
  ...paging,
  automatic_tax: refused,
  collection_method: collectionMethod,
  created: range,
  current_period_end: refused,
  current_period_start: refused,
  customer: text,
  customer_account: refused,
  plan: refused,
  price: text,
  status: choice(
    "active",
    "all",
    "canceled",
    "ended",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
  ),
  test_clock: refused,
});
export const cancelTable = parameters<Stripe.SubscriptionCancelParams>()({
  cancellation_details: cancellationDetails,
  expand,
  invoice_now: flag,
  prorate: flag,
});

/** The end of a trial in seconds, from either way of giving it; null for none. */
export function trialEndOf(
  now: number,
  input: { trial_end?: number | "now" | undefined; trial_period_days?: number | undefined },
): number | null {
  if (input.trial_end !== undefined && input.trial_period_days !== undefined) {
    throw invalid("Pass only one of trial_end and trial_period_days.", "parameters_exclusive", "trial_end");
  }
  if (input.trial_period_days) return now + input.trial_period_days * 86_400;
  if (input.trial_end === undefined || input.trial_end === "now") return null;
  if (input.trial_end <= now) throw invalid("The trial must end in the future.", undefined, "trial_end");
  return input.trial_end;
}

/** Days to pay when invoices are sent, null when they are charged. 400 for days without sending and the other way. */
export function daysUntilDue(
  method: "charge_automatically" | "send_invoice" | undefined,
  days: number | undefined,
  current: number | null,
): number | null {
  const sends = method === "send_invoice" || (method === undefined && current !== null);
  if (!sends && days !== undefined) {
    throw invalid("days_until_due is for collection_method=send_invoice.", undefined, "days_until_due");
  }
  if (!sends) return null;
  const wanted = days ?? current;
  if (wanted === null) {
    throw invalid("send_invoice needs days_until_due.", "parameter_missing", "days_until_due");
  }
  return wanted;
}
