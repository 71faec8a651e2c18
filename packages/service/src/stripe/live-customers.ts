import type { SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import { uuidv7 } from "@headroom/platform/uuid";
import type Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type { CustomerCalls } from "./gateway.ts";
import { toSnapshot } from "./live-subscriptions.ts";
import { organizationIn, organizationMetadata } from "./metadata.ts";

export function customerCalls(stripe: Stripe): CustomerCalls {
  return {
    async createCustomer(organizationId, key) {
      const fields = { metadata: organizationMetadata(organizationId) };
      return (await call(() => stripe.customers.create(fields, { idempotencyKey: key }))).id;
    },
    async describeCustomer(customerId, { name, email }) {
      const fields = { name, email: email ?? "" };
      await call(() => stripe.customers.update(customerId, fields, { idempotencyKey: uuidv7() }));
    },
    async fetchCustomer(customerId) {
      const customer = await findCustomer(stripe, customerId);
      if (customer === null) {
        return null;
      }
      const subscriptions: SubscriptionSnapshot[] = [];
      const expand = ["data.latest_invoice", "data.schedule"];
      const query = { customer: customerId, status: "all", limit: 100, expand };
      await call(async () => {
        for await (const subscription of stripe.subscriptions.list(query)) {
          subscriptions.push(toSnapshot(subscription));
        }
      });
      return { organizationId: organizationIn(customer.metadata), subscriptions };
    },
  };
}

// Stripe remembers deleted customers for ever. One of whom it has never heard is of another account or mode: the key is
// wrong, and nobody must lose their plan by it.
async function findCustomer(stripe: Stripe, id: string): Promise<Stripe.Customer | null> {
  try {
    const customer = await call(() => stripe.customers.retrieve(id));
    return customer.deleted ? null : customer;
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "missing") {
      const { requestId } = error;
      throw new StripeFault("credentials", `the Stripe account does not know the customer ${id}`, {
        requestId,
        cause: error,
      });
    }
    throw error;
  }
}
