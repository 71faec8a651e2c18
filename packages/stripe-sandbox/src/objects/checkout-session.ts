import { newId } from "../ids.ts";
import type { CheckoutSession } from "../wire.ts";

export interface CheckoutFields {
  now: number;
  base: string;
  customer: string | null;
  customerEmail: string | null;
  clientReferenceId: string | null;
  successUrl: string;
  cancelUrl: string | null;
  expiresAt: number;
  currency: string;
  subtotal: number;
  discount: number;
  tax: number;
  total: number;
  discounts: CheckoutSession["discounts"];
  /** Null when it is off. */
  automaticTax: string | null;
  taxIds: CheckoutSession["tax_id_collection"];
  metadata: Record<string, string>;
  locale: string | null;
  allowPromotionCodes: boolean | null;
  paymentMethodCollection: string;
}

/** An open, hosted session in mode subscription; its page is served by the sandbox itself. */
export function buildCheckoutSession(fields: CheckoutFields): CheckoutSession {
  const id = newId("cs_test", 58);
  return {
    id,
    object: "checkout.session",
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: fields.allowPromotionCodes,
    allowed_payment_method_types: null,
    amount_subtotal: fields.subtotal,
    amount_total: fields.total,
    automatic_tax: {
      enabled: fields.automaticTax !== null,
      liability: fields.automaticTax ? { type: "self" } : null,
      provider: fields.automaticTax ? "stripe" : null,
      status: fields.automaticTax,
    },
    billing_address_collection: null,
    cancel_url: fields.cancelUrl,
    client_reference_id: fields.clientReferenceId,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: fields.now,
    currency: fields.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: {
      after_submit: null,
      shipping_address: null,
      submit: null,
      terms_of_service_acceptance: null,
    },
    customer: fields.customer,
    customer_account: null,
    customer_creation: fields.customer === null ? "always" : null,
    customer_details: null,
    customer_email: fields.customerEmail,
    discounts: fields.discounts,
    expires_at: fields.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: fields.locale,
    managed_payments: null,
    metadata: fields.metadata,
    mode: "subscription",
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: fields.paymentMethodCollection,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ["card"],
    payment_status: "unpaid",
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: "open",
    submit_type: null,
    subscription: null,
    success_url: fields.successUrl,
    ...(fields.taxIds ? { tax_id_collection: fields.taxIds } : {}),
    total_details: { amount_discount: fields.discount, amount_shipping: 0, amount_tax: fields.tax },
    ui_mode: "hosted_page",
    url: `${fields.base}/checkout/${id}`,
    wallet_options: null,
  };
}
