import type Stripe from "stripe";
import { choice, expand, integer, object, only, parameters, required } from "../parameters.ts";
import { prorationBehavior } from "./subscription-parameters.ts";

const billFor = parameters<Stripe.SubscriptionPauseParams.BillFor>()({
  outstanding_usage_through: object({ type: required(choice("none", "now")) }),
  unused_time_from: object({ type: required(choice("item_current_period_start", "none", "now")) }),
});

/** `outstanding_usage_through` is about metered items, which are not paused here. */
export const pauseTable = parameters<Stripe.SubscriptionPauseParams>()({
  bill_for: object(billFor),
  expand,
  invoicing_behavior: choice("invoice", "pending_invoice_item"),
  type: only("subscription"),
});
export const resumeTable = parameters<Stripe.SubscriptionResumeParams>()({
  billing_cycle_anchor: object({ type: required(choice("now", "unchanged")) }),
  expand,
  payment_behavior: choice("resume_on_payment_attempt", "resume_on_payment_success"),
  proration_behavior: prorationBehavior,
  proration_date: integer,
});
