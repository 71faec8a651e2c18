import { expect, test } from "vitest";
import { fieldsOf } from "./live-checkout.ts";

const checkout = {
  organizationId: "0198c0de-0000-7000-8000-000000000000",
  customerId: "cus_1",
  items: [{ priceId: "price_1", quantity: 1 }],
  trialDays: 0,
  successUrl: "https://app.example.com/ok",
  cancelUrl: "https://app.example.com/no",
  automaticTax: false,
  taxIds: false,
  promotionCodes: false,
  locale: null,
};

test("what is off is not named", () => {
  const fields = fieldsOf(checkout);
  for (const name of [
    "automatic_tax",
    "tax_id_collection",
    "allow_promotion_codes",
    "locale",
    "customer_update",
  ]) {
    expect(fields).not.toHaveProperty(name);
  }
  expect(fields.subscription_data).not.toHaveProperty("trial_period_days");
});

test("what is on is asked for, and may be written to the customer", () => {
  expect(
    fieldsOf({
      ...checkout,
      automaticTax: true,
      taxIds: true,
      promotionCodes: true,
      locale: "de",
      trialDays: 7,
    }),
  ).toMatchObject({
    automatic_tax: { enabled: true },
    tax_id_collection: { enabled: true },
    customer_update: { address: "auto", name: "auto" },
    allow_promotion_codes: true,
    locale: "de",
    subscription_data: { trial_period_days: 7 },
  });
  expect(fieldsOf({ ...checkout, automaticTax: true }).customer_update).toEqual({ address: "auto" });
});
