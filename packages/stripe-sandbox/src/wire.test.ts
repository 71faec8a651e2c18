import { expect, test } from "vitest";
import type { Discount, ObjectOf, SubscriptionItem } from "./wire.ts";

/** False when an object still passes for its kind without the field. */
type Demanded<Whole, Field extends keyof Whole> = Omit<Whole, Field> extends Whole ? false : true;

/**
 * The builders in `objects/` return these types, so a field that the package demands and a builder leaves out stops
 * `tsc` there. Proven here by `tsc` as well: were `wire.ts` to lose what is required on the way from the package's
 * types, these would turn `false` and no longer take `true`.
 */
const demanded: {
  [Kind in Exclude<keyof ObjectOf, "discount">]: Demanded<ObjectOf[Kind], "livemode" & keyof ObjectOf[Kind]>;
} & {
  subscription_item: Demanded<SubscriptionItem, "current_trial">;
  discount: Demanded<Discount, "source">;
} = {
  customer: true,
  product: true,
  price: true,
  payment_method: true,
  subscription: true,
  subscription_schedule: true,
  invoice: true,
  invoiceitem: true,
  coupon: true,
  promotion_code: true,
  discount: true,
  tax_rate: true,
  "checkout.session": true,
  "billing_portal.session": true,
  "billing_portal.configuration": true,
  webhook_endpoint: true,
  event: true,
  "billing.meter": true,
  "v2.core.event": true,
  "v2.core.event_destination": true,
  subscription_item: true,
};

test("what is kept still demands the fields that the package demands", () => {
  expect(Object.values(demanded)).not.toContain(false);
});
