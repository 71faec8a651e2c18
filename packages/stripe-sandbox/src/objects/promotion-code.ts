import { letters, newId } from "../ids.ts";
import type { PromotionCode } from "../wire.ts";

export interface PromotionCodeFields {
  now: number;
  coupon: string;
  code: string | null;
  active: boolean;
  customer: string | null;
  expiresAt: number | null;
  maxRedemptions: number | null;
  firstTimeTransaction: boolean;
  minimumAmount: number | null;
  minimumAmountCurrency: string | null;
  metadata: Record<string, string>;
}

/** A code that customers type to redeem a coupon. */
export function buildPromotionCode(fields: PromotionCodeFields): PromotionCode {
  return {
    id: newId("promo"),
    object: "promotion_code",
    active: fields.active,
    code: fields.code ?? letters(8).toUpperCase(),
    created: fields.now,
    customer: fields.customer,
    customer_account: null,
    expires_at: fields.expiresAt,
    livemode: false,
    max_redemptions: fields.maxRedemptions,
    metadata: fields.metadata,
    promotion: { coupon: fields.coupon, type: "coupon" },
    restrictions: {
      first_time_transaction: fields.firstTimeTransaction,
      minimum_amount: fields.minimumAmount,
      minimum_amount_currency: fields.minimumAmountCurrency,
    },
    times_redeemed: 0,
  };
}

/** Whether a code, as switched on, can still be used at an instant; its coupon is asked apart. */
export function isUsable(code: PromotionCode, now: number): boolean {
  const late = code.expires_at !== null && code.expires_at < now;
  const used = code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions;
  return code.active && !late && !used;
}
