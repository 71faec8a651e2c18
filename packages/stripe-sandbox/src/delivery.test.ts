import Stripe from "stripe";
import { expect, test } from "vitest";
import { retryDelay } from "./delivery.ts";
import { signatureHeader } from "./signature.ts";

test("retries start within a second and settle at one an hour", () => {
  expect([0, 1, 2, 3, 4].map(retryDelay)).toEqual([200, 500, 1000, 2000, 5000]);
  expect([9, 10, 500].map(retryDelay)).toEqual([3_600_000, 3_600_000, 3_600_000]);
});

test("the signature is what the package makes itself", () => {
  const { webhooks } = new Stripe("sk_test_x");
  const payload = '{"id":"evt_1"}';
  const timestamp = 1_900_000_000;
  const theirs = webhooks.generateTestHeaderString({ payload, secret: "whsec_a", timestamp });
  expect(signatureHeader(payload, ["whsec_a"], timestamp)).toBe(theirs);
});
