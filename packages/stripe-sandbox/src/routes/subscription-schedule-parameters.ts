import type Stripe from "stripe";
import {
  choice,
  clearable,
  count,
  currency,
  either,
  except,
  expand,
  flag,
  integer,
  list,
  metadata,
  object,
  only,
  onlyDisabled,
  paging,
  parameters,
  range,
  refused,
  required,
  text,
} from "../parameters.ts";
import { billingMode, prorationBehavior } from "./subscription-parameters.ts";
import { taxRateIds } from "./terms-parameters.ts";

const instant = either((raw) => typeof raw === "string" && /^-?\d+$/.test(raw), integer, choice("now"));

const item = parameters<Stripe.SubscriptionScheduleCreateParams.Phase.Item>()({
  billing_thresholds: refused,
  discounts: refused,
  metadata,
  plan: refused,
  price: required(text),
  price_data: refused,
  quantity: count,
  tax_rates: taxRateIds,
});
const duration = object(
  parameters<Stripe.SubscriptionScheduleCreateParams.Phase.Duration>()({
    interval: required(choice("day", "month", "week", "year")),
    interval_count: count,
  }),
);
const phase = {
  add_invoice_items: refused,
  application_fee_percent: refused,
  automatic_tax: onlyDisabled,
  billing_cycle_anchor: choice("automatic", "phase_start"),
  billing_thresholds: refused,
  collection_method: only("charge_automatically"),
  currency,
  default_payment_method: text,
  default_tax_rates: taxRateIds,
  description: clearable(text),
  discounts: refused,
  duration,
  end_date: instant,
  invoice_settings: refused,
  items: required(list(object(item))),
  metadata,
  on_behalf_of: refused,
  proration_behavior: prorationBehavior,
  transfer_data: refused,
  trial: onlyDisabled,
};
const createPhase = parameters<Stripe.SubscriptionScheduleCreateParams.Phase>()({
  ...phase,
  end_date: integer,
  trial_end: refused,
});
const updatePhase = parameters<Stripe.SubscriptionScheduleUpdateParams.Phase>()({
  ...phase,
  start_date: instant,
  trial_end: refused,
});
const defaultSettings = object(
  parameters<Stripe.SubscriptionScheduleCreateParams.DefaultSettings>()({
    application_fee_percent: refused,
    automatic_tax: onlyDisabled,
    billing_cycle_anchor: only("automatic"),
    billing_thresholds: refused,
    collection_method: only("charge_automatically"),
    default_payment_method: text,
    description: clearable(text),
    invoice_settings: refused,
    on_behalf_of: refused,
    transfer_data: refused,
  }),
);
const shared = {
  default_settings: defaultSettings,
  end_behavior: except(choice("cancel", "release"), "none", "renew"),
  expand,
  metadata,
  pause_schedules: refused,
};

export const createTable = parameters<Stripe.SubscriptionScheduleCreateParams>()({
  ...shared,
  billing_mode: billingMode,
  customer: text,
  customer_account: refused,
  from_subscription: text,
  phases: list(object(createPhase)),
  start_date: instant,
});
export const updateTable = parameters<Stripe.SubscriptionScheduleUpdateParams>()({
  ...shared,
  phases: list(object(updatePhase)),
  proration_behavior: prorationBehavior,
});
export const listTable = parameters<Stripe.SubscriptionScheduleListParams>()({
  ...paging,
  canceled_at: range,
  completed_at: range,
  created: range,
  customer: text,
  customer_account: refused,
  released_at: range,
  scheduled: flag,
});
export const cancelTable = parameters<Stripe.SubscriptionScheduleCancelParams>()({
  expand,
  invoice_now: flag,
  prorate: flag,
});
export const releaseTable = parameters<Stripe.SubscriptionScheduleReleaseParams>()({
  expand,
  preserve_cancel_date: flag,
});
