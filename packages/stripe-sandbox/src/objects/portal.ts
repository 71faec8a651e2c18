import { letters, newId } from "../ids.ts";
import type { PortalConfiguration, PortalSession } from "../wire.ts";

export interface ConfigurationFields {
  now: number;
  isDefault: boolean;
  name: string | null;
  defaultReturnUrl: string | null;
  businessProfile: PortalConfiguration["business_profile"];
  features: {
    customerUpdate: boolean;
    invoiceHistory: boolean;
    paymentMethodUpdate: boolean;
    cancel: boolean;
  };
  cancelMode: string;
  cancelProration: string;
  metadata: Record<string, string>;
}

/** Switching plans and pausing are always off: the portal of this sandbox is for cancelling and cards. */
export function buildConfiguration(fields: ConfigurationFields): PortalConfiguration {
  return {
    id: newId("bpc"),
    object: "billing_portal.configuration",
    active: true,
    application: null,
    business_profile: fields.businessProfile,
    created: fields.now,
    default_return_url: fields.defaultReturnUrl,
    features: {
      customer_update: { allowed_updates: [], enabled: fields.features.customerUpdate },
      invoice_history: { enabled: fields.features.invoiceHistory },
      payment_method_update: {
        enabled: fields.features.paymentMethodUpdate,
        payment_method_configuration: null,
      },
      subscription_cancel: {
        cancellation_reason: { enabled: false, feedback_options: null, options: [] },
        enabled: fields.features.cancel,
        mode: fields.cancelMode,
        proration_behavior: fields.cancelProration,
      },
      subscription_pause: { duration: { interval_options: [], type: "indefinite" }, enabled: false },
      subscription_update: {
        billing_cycle_anchor: null,
        default_allowed_updates: [],
        enabled: false,
        products: null,
        proration_behavior: "none",
        schedule_at_period_end: { conditions: [] },
        trial_update_behavior: "end_trial",
      },
    },
    is_default: fields.isDefault,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: fields.metadata,
    name: fields.name,
    updated: fields.now,
  };
}

export interface PortalFields {
  now: number;
  base: string;
  configuration: string;
  customer: string;
  returnUrl: string | null;
  locale: string | null;
}

export function buildPortalSession(fields: PortalFields): PortalSession {
  return {
    id: newId("bps"),
    object: "billing_portal.session",
    configuration: fields.configuration,
    created: fields.now,
    customer: fields.customer,
    customer_account: null,
    flow: null,
    livemode: false,
    locale: fields.locale,
    on_behalf_of: null,
    return_url: fields.returnUrl,
    url: `${fields.base}/portal/test_${letters(24)}`,
  };
}
