import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import type Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type { CheckoutCalls, NewCheckout, StripeCheckout } from "./gateway.ts";
import { organizationMetadata } from "./metadata.ts";

export function checkoutCalls(stripe: Stripe): CheckoutCalls {
  const fetchCheckout = async (sessionId: string) =>
    toCheckout(await call(() => stripe.checkout.sessions.retrieve(sessionId)));
  return {
    fetchCheckout,
    async createCheckout(checkout, key) {
      const fields = fieldsOf(checkout);
      return toCheckout(await call(() => stripe.checkout.sessions.create(fields, { idempotencyKey: key })));
    },
    async expireCheckout(sessionId) {
      try {
        const expire = () => stripe.checkout.sessions.expire(sessionId, {}, { idempotencyKey: uuidv7() });
        return toCheckout(await call(expire));
      } catch (error) {
        // Only an open session can be expired: somebody paid, or it ran out.
        if (error instanceof StripeFault && error.kind === "refused") {
          return fetchCheckout(sessionId);
        }
        throw error;
      }
    },
  };
}

/** A session as Stripe takes it. What is off is not named: the account's own settings hold. */
export function fieldsOf(checkout: NewCheckout): Stripe.Checkout.SessionCreateParams {
  const metadata = organizationMetadata(checkout.organizationId);
  return {
    mode: "subscription",
    customer: checkout.customerId,
    client_reference_id: encodeId("org", checkout.organizationId),
    metadata,
    line_items: checkout.items.map(({ priceId, quantity }) =>
      quantity === null ? { price: priceId } : { price: priceId, quantity },
    ),
    subscription_data: {
      metadata,
      billing_mode: { type: "flexible" },
      ...(checkout.trialDays > 0 ? { trial_period_days: checkout.trialDays } : {}),
    },
    success_url: checkout.successUrl,
    cancel_url: checkout.cancelUrl,
    ...(checkout.locale === null
      ? {}
      : { locale: checkout.locale as Stripe.Checkout.SessionCreateParams.Locale }),
    ...(checkout.promotionCodes ? { allow_promotion_codes: true } : {}),
    ...taxFields(checkout),
  };
}

// Stripe takes an address and a name from the page only where it may write them to the customer.
function taxFields({ automaticTax, taxIds }: NewCheckout): Partial<Stripe.Checkout.SessionCreateParams> {
  return {
    ...(automaticTax ? { automatic_tax: { enabled: true } } : {}),
    ...(taxIds ? { tax_id_collection: { enabled: true } } : {}),
    ...(automaticTax || taxIds
      ? {
          customer_update: {
            ...(automaticTax ? { address: "auto" as const } : {}),
            ...(taxIds ? { name: "auto" as const } : {}),
          },
        }
      : {}),
  };
}

function toCheckout(session: Stripe.Checkout.Session): StripeCheckout {
  return { id: session.id, status: statusOf(session.status), url: session.url };
}

function statusOf(status: Stripe.Checkout.Session["status"]): StripeCheckout["status"] {
  return status === "open" ? "open" : status === "complete" ? "complete" : "expired";
}
