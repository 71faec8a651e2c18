import type { BillingSettings } from "@headroom/domain/configuration";
import { ConfigurationError, type EnvironmentName, secret } from "@headroom/platform/config";
import { z } from "zod";
import type { StripeGateway } from "./gateway.ts";
import { createStripeGateway, isLive } from "./live.ts";
import { withoutChanges } from "./read-only.ts";

/** What every process that talks to Stripe reads. */
export const stripeVariables = {
  STRIPE_SECRET_KEY: secret(
    z.string().regex(/^(sk|rk)_(test|live)_\w+$/, "is not a Stripe secret key"),
  ).optional(),
  /** Where the sandbox listens. */
  STRIPE_API_BASE: z.url({ protocol: /^https?$/ }).optional(),
};

interface StripeEnvironment {
  HEADROOM_ENV: EnvironmentName;
  STRIPE_SECRET_KEY?: string | undefined;
  STRIPE_API_BASE?: string | undefined;
}

/**
 * Stripe as the environment names it; null without a key: billing answers `billing_not_configured`.
 * @param billing the configuration's: unless it is live, nothing can be changed at Stripe.
 * @throws ConfigurationError for a live key outside production, and for another address than Stripe's in production.
 */
export function openStripe(
  environment: StripeEnvironment,
  billing: Pick<BillingSettings, "live">,
): StripeGateway | null {
  const { HEADROOM_ENV, STRIPE_SECRET_KEY: secretKey, STRIPE_API_BASE: apiBase } = environment;
  const faults: string[] = [];
  if (HEADROOM_ENV === "production" && apiBase !== undefined) {
    faults.push("STRIPE_API_BASE is for development and test: production talks to Stripe itself");
  }
  if (HEADROOM_ENV !== "production" && secretKey !== undefined && isLive(secretKey)) {
    faults.push("STRIPE_SECRET_KEY is a live key: only production may use one");
  }
  if (faults.length > 0) {
    throw new ConfigurationError(faults);
  }
  if (secretKey === undefined) {
    return null;
  }
  const stripe = createStripeGateway({ secretKey, apiBase });
  return billing.live ? stripe : withoutChanges(stripe);
}
