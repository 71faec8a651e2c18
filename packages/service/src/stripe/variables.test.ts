import { readConfiguration } from "@headroom/platform/config";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openStripe, stripeVariables } from "./variables.ts";

const live = "sk_live_abc";
const test = "rk_test_abc";
const sandbox = "http://127.0.0.1:1";

describe("openStripe", () => {
  it.each([
    ["production", live, undefined, true],
    ["production", test, undefined, false],
    ["development", test, sandbox, false],
    ["test", test, undefined, false],
  ] as const)("%s takes %s at %s", (HEADROOM_ENV, STRIPE_SECRET_KEY, STRIPE_API_BASE, livemode) => {
    expect(openStripe({ HEADROOM_ENV, STRIPE_SECRET_KEY, STRIPE_API_BASE }, { live: true })?.livemode).toBe(
      livemode,
    );
  });

  it.each([
    ["development", live, undefined, "STRIPE_SECRET_KEY is a live key"],
    ["test", "rk_live_abc", undefined, "STRIPE_SECRET_KEY is a live key"],
    ["production", live, sandbox, "STRIPE_API_BASE is for development"],
  ] as const)("%s refuses %s at %s", (HEADROOM_ENV, STRIPE_SECRET_KEY, STRIPE_API_BASE, fault) => {
    expect(() => openStripe({ HEADROOM_ENV, STRIPE_SECRET_KEY, STRIPE_API_BASE }, { live: true })).toThrow(
      fault,
    );
  });

  it("is null without a key", () => {
    expect(openStripe({ HEADROOM_ENV: "production" }, { live: true })).toBeNull();
  });

  it("does not print a key that is none", () => {
    const read = () => readConfiguration(z.object(stripeVariables), { STRIPE_SECRET_KEY: "pk_live_secret" });
    expect(read).toThrow("STRIPE_SECRET_KEY = [secret]: is not a Stripe secret key");
  });
});
