import type { Period } from "../calendar.ts";
import { newId } from "../ids.ts";
import type { Price, Subscription, SubscriptionItem, TaxRate } from "../wire.ts";
import { planOf } from "./plan.ts";

export interface SubscriptionFields {
  id: string;
  now: number;
  customer: string;
  currency: string;
  anchor: number;
  status: Subscription["status"];
  billingMode: string;
  trialEnd: number | null;
  missingPaymentMethod: string;
  defaultPaymentMethod: string | null;
  description: string | null;
  metadata: Record<string, string>;
  items: SubscriptionItem[];
  discounts: string[];
  defaultTaxRates: TaxRate[];
  automaticTax: boolean;
  collectionMethod: "charge_automatically" | "send_invoice";
  daysUntilDue: number | null;
  schedule: string | null;
}

export function buildSubscription(fields: SubscriptionFields): Subscription {
  return {
    id: fields.id,
    object: "subscription",
    application: null,
    application_fee_percent: null,
    automatic_tax: subscriptionTax(fields.automaticTax),
    billing_cycle_anchor: fields.anchor,
    billing_cycle_anchor_config: null,
    billing_mode: {
      flexible: fields.billingMode === "flexible" ? { proration_discounts: "included" } : null,
      type: fields.billingMode,
      updated_at: fields.now,
    },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: fields.collectionMethod,
    created: fields.now,
    currency: fields.currency,
    customer: fields.customer,
    customer_account: null,
    days_until_due: fields.daysUntilDue,
    default_payment_method: fields.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: fields.defaultTaxRates,
    description: fields.description,
    discounts: fields.discounts,
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: "self" },
    },
    items: itemList(fields.id, fields.items),
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: fields.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: "off",
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: fields.schedule,
    start_date: fields.now,
    status: fields.status,
    test_clock: null,
    transfer_data: null,
    trial_end: fields.trialEnd,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: fields.missingPaymentMethod },
    },
    trial_start: fields.trialEnd === null ? null : fields.now,
  };
}

export function subscriptionTax(enabled: boolean): Subscription["automatic_tax"] {
  return { disabled_reason: null, enabled, liability: enabled ? { type: "self" } : null };
}

export interface ItemFields {
  now: number;
  subscription: string;
  price: Price;
  /** Absent where the price is metered. */
  quantity: number | undefined;
  metadata: Record<string, string>;
  taxRates: TaxRate[];
  period: Period;
}

export function buildItem(fields: ItemFields): SubscriptionItem {
  return {
    id: newId("si", 14),
    object: "subscription_item",
    billing_thresholds: null,
    created: fields.now,
    current_period_end: fields.period.end,
    current_period_start: fields.period.start,
    current_trial: null,
    discounts: [],
    metadata: fields.metadata,
    plan: planOf(fields.price),
    price: fields.price,
    ...(fields.quantity === undefined ? {} : { quantity: fields.quantity }),
    subscription: fields.subscription,
    tax_rates: fields.taxRates,
  };
}

export function itemList(subscription: string, data: SubscriptionItem[]): Subscription["items"] {
  return {
    object: "list",
    data,
    has_more: false,
    url: `/v1/subscription_items?subscription=${subscription}`,
  };
}
