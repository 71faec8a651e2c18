import { addMonths } from "../calendar.ts";
import { newId } from "../ids.ts";
import type { Coupon, Discount } from "../wire.ts";

export interface DiscountFields {
  now: number;
  coupon: Coupon;
  promotionCode: string | null;
  customer: string;
  subscription: string | null;
  checkoutSession: string | null;
}

/** A redeemed coupon; a repeating one ends its months after now. */
export function buildDiscount(fields: DiscountFields): Discount {
  const { coupon } = fields;
  const months = coupon.duration === "repeating" ? (coupon.duration_in_months ?? 0) : null;
  return {
    id: newId("di"),
    object: "discount",
    checkout_session: fields.checkoutSession,
    customer: fields.customer,
    customer_account: null,
    end: months === null ? null : addMonths(fields.now, months),
    invoice: null,
    invoice_item: null,
    promotion_code: fields.promotionCode,
    source: { coupon: coupon.id, type: "coupon" },
    start: fields.now,
    subscription: fields.subscription,
    subscription_item: null,
  };
}
