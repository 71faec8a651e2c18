const newer = "The package has it in its types; the recording is of an older API version.";
const asked = "There only when it is asked for by expand.";
const situation = "The package has it as optional; the recorded object is in a situation without it.";

/**
 * Reviewed: by recorded object, each key that only it (`-`) or only the sandbox (`+`) has, with the reason. The walk
 * against the package's types decides what an object must have; this shows where the recording tells another story.
 */
export const recordedDifferences: Record<string, Record<string, string>> = {
  "billing_portal.configuration": {
    "+features.subscription_cancel.cancellation_reason.feedback_options": newer,
    "+features.subscription_pause": newer,
    "+features.subscription_update.products":
      "Optional in the package; where the recording leaves it out the sandbox says null.",
  },
  "checkout.session": {
    "+allowed_payment_method_types": newer,
    "+line_items": asked,
    "+tax_id_collection": situation,
  },
  customer: { "+customer_account": situation, "+subscriptions": asked },
  event: { "+data.previous_attributes": "On *.updated events only; the recorded one is another." },
  invoice: {
    "-subscription":
      "The recording keeps a field that the API has since moved to parent.subscription_details.",
    "+lines.data[].pricing.price_details": situation,
    "+parent.subscription_details.subscription_proration_date": situation,
    "+status_details": newer,
  },
  product: { "+tax_details": newer },
  subscription: {
    "+billing_mode.updated_at": situation,
    "+cancellation_details.feedback_option": newer,
    "+items.data[].current_trial": newer,
    "+pending_update.cancel_at_period_end": newer,
    "+status_details": situation,
    "+trial_settings.end_behavior.billing_cycle_anchor": newer,
  },
  subscription_schedule: { "+billing_mode.updated_at": situation, "+pause_schedules": newer },
  subscription_item: { "+current_trial": newer },
  webhook_endpoint: { "+secret": "Shown once, in the answer to its creation." },
};
