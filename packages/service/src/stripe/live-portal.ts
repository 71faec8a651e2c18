import { createHash } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import type Stripe from "stripe";
import { call, makeOnce } from "./faults.ts";
import type { PortalCalls } from "./gateway.ts";

// Plans and seats are changed with us: Stripe's portal knows neither our limits nor several items.
const features = {
  customer_update: { enabled: true, allowed_updates: ["address", "tax_id", "email"] },
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true },
  subscription_cancel: { enabled: true, mode: "at_period_end" },
  subscription_update: { enabled: false },
} as const satisfies Stripe.BillingPortal.ConfigurationUpdateParams.Features;

type Fields = Pick<Stripe.BillingPortal.ConfigurationCreateParams, "features" | "metadata">;

const wanted = createHash("sha256").update(JSON.stringify(features)).digest("hex").slice(0, 16);

export function portalCalls(stripe: Stripe): PortalCalls {
  return {
    async ensurePortalConfiguration() {
      const known = await findConfiguration(stripe);
      if (known?.metadata?.headroom_portal === wanted) {
        return { id: known.id, change: "unchanged" };
      }
      if (known !== null) {
        const options = { idempotencyKey: uuidv7() };
        await call(() => stripe.billingPortal.configurations.update(known.id, fieldsOf(), options));
        return { id: known.id, change: "updated" };
      }
      // One key for all who find none at the same time.
      const { id } = await makeOnce(
        `portal:${wanted}`,
        (key) => call(() => stripe.billingPortal.configurations.create(fieldsOf(), { idempotencyKey: key })),
        () => findConfiguration(stripe),
      );
      return { id, change: "created" };
    },
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

function fieldsOf(): Fields {
  const { customer_update: customer, ...others } = features;
  const update = { ...customer, allowed_updates: [...customer.allowed_updates] };
  return { features: { ...others, customer_update: update }, metadata: { headroom_portal: wanted } };
}

async function findConfiguration(stripe: Stripe): Promise<Stripe.BillingPortal.Configuration | null> {
  return call(async () => {
    for await (const one of stripe.billingPortal.configurations.list({ active: true, limit: 100 })) {
      if (one.metadata?.headroom_portal !== undefined) {
        return one;
      }
    }
    return null;
  });
}
