import { asInteger, normalizeDecimal } from "../decimal.ts";
import { newId } from "../ids.ts";
import type { Price } from "../wire.ts";

export interface PriceFields {
  now: number;
  product: string;
  currency: string;
  /** Minor units, a decimal string. */
  unitAmount: string;
  recurring: { interval: string; intervalCount: number; meter: string | null } | null;
  active: boolean;
  lookupKey: string | null;
  metadata: Record<string, string>;
  nickname: string | null;
  taxBehavior: string;
}

/** A per-unit price, recurring (metered where it has a meter) or one-time. */
export function buildPrice(fields: PriceFields): Price {
  return {
    id: newId("price"),
    object: "price",
    active: fields.active,
    billing_scheme: "per_unit",
    created: fields.now,
    currency: fields.currency.toLowerCase(),
    custom_unit_amount: null,
    livemode: false,
    lookup_key: fields.lookupKey,
    metadata: fields.metadata,
    nickname: fields.nickname,
    product: fields.product,
    recurring: fields.recurring && {
      interval: fields.recurring.interval,
      interval_count: fields.recurring.intervalCount,
      meter: fields.recurring.meter,
      trial_period_days: null,
      usage_type: fields.recurring.meter === null ? "licensed" : "metered",
    },
    tax_behavior: fields.taxBehavior,
    tiers_mode: null,
    transform_quantity: null,
    type: fields.recurring ? "recurring" : "one_time",
    unit_amount: asInteger(fields.unitAmount),
    unit_amount_decimal: normalizeDecimal(fields.unitAmount),
  };
}
