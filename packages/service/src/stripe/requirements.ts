import { DomainError } from "@headroom/domain/errors";
import type { StripeGateway } from "./gateway.ts";
import { notLive } from "./read-only.ts";

/** A context that has Stripe. @throws DomainError billing_not_configured (503) without a key. */
export function requireStripe<Context extends { stripe: StripeGateway | null }>(
  context: Context,
): Context & { stripe: StripeGateway } {
  const { stripe } = context;
  if (stripe === null) {
    throw new DomainError("billing_not_configured", "Billing is not configured: there is no Stripe key.", {});
  }
  return { ...context, stripe };
}

/** As `requireStripe`, for what changes something there. @throws DomainError billing_not_configured in shadow mode too */
export function requireChanges<Context extends { stripe: StripeGateway | null }>(
  context: Context,
): Context & { stripe: StripeGateway } {
  const ready = requireStripe(context);
  if (ready.stripe.readOnly) {
    throw notLive();
  }
  return ready;
}
