import { newId } from "../ids.ts";
import type { Price, SubscriptionSchedule, TaxRate } from "../wire.ts";

export type SchedulePhase = SubscriptionSchedule["phases"][number];
type PhaseItem = SchedulePhase["items"][number];

export interface ScheduleFields {
  now: number;
  customer: string;
  billingMode: string;
  phases: SchedulePhase[];
  defaultPaymentMethod: string | null;
  description: string | null;
  endBehavior: string;
  metadata: Record<string, string>;
}

/** A schedule that has not started. */
export function buildSchedule(fields: ScheduleFields): SubscriptionSchedule {
  return {
    id: newId("sub_sched"),
    object: "subscription_schedule",
    application: null,
    billing_mode: {
      flexible: fields.billingMode === "flexible" ? { proration_discounts: "included" } : null,
      type: fields.billingMode,
      updated_at: fields.now,
    },
    canceled_at: null,
    completed_at: null,
    created: fields.now,
    current_phase: null,
    customer: fields.customer,
    customer_account: null,
    default_settings: {
      application_fee_percent: null,
      automatic_tax: { disabled_reason: null, enabled: false, liability: null },
      billing_cycle_anchor: "automatic",
      billing_thresholds: null,
      collection_method: "charge_automatically",
      default_payment_method: fields.defaultPaymentMethod,
      description: fields.description,
      invoice_settings: {
        account_tax_ids: null,
        custom_fields: null,
        days_until_due: null,
        description: null,
        footer: null,
        issuer: { type: "self" },
      },
      on_behalf_of: null,
      transfer_data: null,
    },
    end_behavior: fields.endBehavior,
    livemode: false,
    metadata: fields.metadata,
    pause_schedules: [],
    phases: fields.phases,
    released_at: null,
    released_subscription: null,
    status: "not_started",
    subscription: null,
    test_clock: null,
  };
}

export interface PhaseFields {
  currency: string;
  start: number;
  end: number;
  items: PhaseItem[];
  anchor: string | null;
  defaultPaymentMethod: string | null;
  defaultTaxRates: TaxRate[];
  description: string | null;
  metadata: Record<string, string>;
  proration: string;
}

export function buildPhase(fields: PhaseFields): SchedulePhase {
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: fields.anchor,
    billing_thresholds: null,
    collection_method: null,
    currency: fields.currency,
    default_payment_method: fields.defaultPaymentMethod,
    default_tax_rates: fields.defaultTaxRates,
    description: fields.description,
    discounts: [],
    end_date: fields.end,
    invoice_settings: null,
    items: fields.items,
    metadata: fields.metadata,
    on_behalf_of: null,
    proration_behavior: fields.proration,
    start_date: fields.start,
    transfer_data: null,
    trial_end: null,
  };
}

export function buildPhaseItem(
  price: Price,
  quantity: number,
  metadata: Record<string, string>,
  taxRates: TaxRate[],
): PhaseItem {
  return {
    billing_thresholds: null,
    discounts: [],
    metadata,
    plan: price.id,
    price: price.id,
    quantity,
    tax_rates: taxRates,
  };
}
