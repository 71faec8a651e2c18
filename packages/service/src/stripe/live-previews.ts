import type Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type { PreviewCalls } from "./gateway.ts";
import { toInvoice } from "./live-invoices.ts";
import { prorations, toItemFields } from "./live-subscriptions.ts";

export function previewCalls(stripe: Stripe): PreviewCalls {
  return {
    async previewChange(subscription, { items = [], proration }) {
      const subscription_details = {
        items: items.map(toItemFields),
        proration_behavior: prorations[proration],
      };
      try {
        return toInvoice(
          await call(() => stripe.invoices.createPreview({ subscription, subscription_details })),
        );
      } catch (error) {
        // A subscription that ends has no next invoice.
        if (error instanceof StripeFault && (error.kind === "refused" || error.kind === "missing")) {
          return null;
        }
        throw error;
      }
    },
  };
}
