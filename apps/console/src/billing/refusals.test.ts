import { TRPCClientError } from "@trpc/client";
import { expect, test } from "vitest";
import { en } from "../messages/en/index.ts";
import { refusalOf } from "./refusals.ts";

const refused = (reason: string, details: object = {}) => {
  const error = new TRPCClientError("refused", { result: { error: { data: { reason, details } } } as never });
  return refusalOf(en, error);
};
const { refusals } = en.plan;

test("a declined card and an open invoice lead to the payment method", () => {
  expect(refused("payment_failed")).toEqual({ text: refusals.declined, isAboutPayment: true });
  expect(refused("active_subscription", { status: "past_due" })).toEqual({
    text: refusals.unpaid,
    isAboutPayment: true,
  });
});

test("a subscription in order is no matter of payment", () => {
  expect(refused("active_subscription", { status: "active" })).toEqual({
    text: refusals.busy,
    isAboutPayment: false,
  });
});

test("the currency is named, what is not set up is said, and the rest has its own text", () => {
  expect(refused("currency_fixed", { currency: "eur" }).text).toContain("pays in EUR");
  expect(refused("billing_not_configured").text).toBe(refusals.notConfigured);
  expect(refused("billing_not_configured", { live: false }).text).toBe(refusals.notLive);
  expect(refused("plan_not_available").text).toBe(en.errors.plan_not_available);
  expect(refusalOf(en, new TypeError("no network")).text).toBe(en.common.noAnswer);
});
