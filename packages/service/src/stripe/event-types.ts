/** Events that tell of a customer: whatever they say, the customer's state is fetched. */
export const customerEventTypes = [
  "checkout.session.async_payment_failed",
  "checkout.session.async_payment_succeeded",
  "checkout.session.completed",
  "checkout.session.expired",
  "customer.deleted",
  "customer.subscription.created",
  "customer.subscription.deleted",
  "customer.subscription.paused",
  "customer.subscription.pending_update_applied",
  "customer.subscription.pending_update_expired",
  "customer.subscription.resumed",
  "customer.subscription.trial_will_end",
  "customer.subscription.updated",
  "customer.updated",
  "invoice.created",
  "invoice.finalization_failed",
  "invoice.finalized",
  "invoice.marked_uncollectible",
  "invoice.paid",
  "invoice.payment_action_required",
  "invoice.payment_failed",
  "invoice.voided",
  "subscription_schedule.aborted",
  "subscription_schedule.canceled",
  "subscription_schedule.completed",
  "subscription_schedule.created",
  "subscription_schedule.expiring",
  "subscription_schedule.released",
  "subscription_schedule.updated",
] as const;

/** Events that tell of the catalogue: products and prices. */
export const catalogueEventTypes = [
  "price.created",
  "price.deleted",
  "price.updated",
  "product.created",
  "product.deleted",
  "product.updated",
] as const;

/** Events that tell of disputes: kept, and counted until they are closed. What comes of one is decided at Stripe. */
const disputeEventTypes = ["charge.dispute.closed", "charge.dispute.created"] as const;

/** Thin events that tell which meter events do not count; they have no snapshot event beside them. */
const meterReportTypes = [
  "v1.billing.meter.error_report_triggered",
  "v1.billing.meter.no_meter_found",
] as const;

/** What the webhook endpoint is to be subscribed to, and what a backfill asks for. */
export const relevantEventTypes: readonly string[] = [
  ...customerEventTypes,
  ...catalogueEventTypes,
  ...disputeEventTypes,
];

/** The thin events that Headroom applies: those beside the snapshot events, and those that only come thin. */
export const relevantThinTypes: readonly string[] = [
  ...relevantEventTypes.map((type) => `v1.${type}`),
  ...meterReportTypes,
];

/** What an event destination has to tell where overage goes by billing meters. */
export const requiredThinTypes: readonly string[] = meterReportTypes;

/** True for a thin event that tells of meter events which do not count. */
export function isMeterReport(type: string): boolean {
  return (meterReportTypes as readonly string[]).includes(type);
}

/** The type of the snapshot event beside a thin one; a snapshot event's own. */
export function plainType(type: string): string {
  return type.replace(/^v1\./, "");
}

/** True for an event that can change a customer's plan, seats, status or invoices. */
export function isCustomerEvent(type: string): boolean {
  return (customerEventTypes as readonly string[]).includes(type);
}

/** True for an event about a product or a price. */
export function isCatalogueEvent(type: string): boolean {
  return (catalogueEventTypes as readonly string[]).includes(type);
}
