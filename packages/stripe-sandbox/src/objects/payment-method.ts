import { newId } from "../ids.ts";
import type { PaymentMethod } from "../wire.ts";

/** What a test card does when it is charged. */
export interface CardBehavior {
  last4: string;
  declines: boolean;
}

/** The test payment methods the sandbox knows (docs.stripe.com/testing). */
export const testCards: Record<string, CardBehavior> = {
  pm_card_visa: { last4: "4242", declines: false },
  pm_card_chargeCustomerFail: { last4: "0341", declines: true },
};

/** A card made from a test payment method, attached to a customer. */
export function buildPaymentMethod(now: number, customer: string | null, card: CardBehavior): PaymentMethod {
  return {
    id: newId("pm"),
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card: {
      brand: "visa",
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "US",
      display_brand: "visa",
      exp_month: 12,
      exp_year: new Date(now * 1000).getUTCFullYear() + 3,
      fingerprint: `sandbox${card.last4}`,
      funding: "credit",
      generated_from: null,
      last4: card.last4,
      networks: { available: ["visa"], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: now,
    customer,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: "card",
  };
}
