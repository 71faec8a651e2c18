import type Stripe from "stripe";
import { call } from "./faults.ts";
import type { PortalCalls } from "./gateway.ts";

export function portalCalls(stripe: Stripe): PortalCalls {
  return {
    async createPortal({ customerId, configurationId, returnUrl }, key) {
      const fields = {
        customer: customerId,
        return_url: returnUrl,
        ...(configurationId === null ? {} : { configuration: configurationId }),
      };
      const { url } = await call(() => stripe.billingPortal.sessions.create(fields, { idempotencyKey: key }));
      return { url };
    },
  };
}
