import { letters } from "../ids.ts";
import type { Coupon } from "../wire.ts";

export interface CouponFields {
  now: number;
  id: string | null;
  name: string | null;
  percentOff: number | null;
  amountOff: number | null;
  currency: string | null;
  duration: string;
  durationInMonths: number | null;
  maxRedemptions: number | null;
  redeemBy: number | null;
  products: string[] | null;
  metadata: Record<string, string>;
}

export function buildCoupon(fields: CouponFields): Coupon {
  return {
    id: fields.id ?? letters(8),
    object: "coupon",
    amount_off: fields.amountOff,
    ...(fields.products ? { applies_to: { products: fields.products } } : {}),
    created: fields.now,
    currency: fields.currency,
    duration: fields.duration,
    duration_in_months: fields.durationInMonths,
    livemode: false,
    max_redemptions: fields.maxRedemptions,
    metadata: fields.metadata,
    name: fields.name,
    percent_off: fields.percentOff,
    redeem_by: fields.redeemBy,
    times_redeemed: 0,
    valid: true,
  };
}

/** Whether a coupon can still be redeemed at an instant. */
export function isRedeemable(coupon: Coupon, now: number): boolean {
  const late = coupon.redeem_by !== null && coupon.redeem_by < now;
  const used = coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions;
  return !late && !used;
}
