import { decodeId, encodeId } from "@headroom/domain/ids";
import type { ItemSnapshot, SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import { uuidv7 } from "@headroom/platform/uuid";
import type Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type { CustomerCalls } from "./gateway.ts";

/** The metadata that ties Stripe's objects to an organization. */
export function organizationMetadata(organizationId: string): { headroom_organization: string } {
  return { headroom_organization: encodeId("org", organizationId) };
}

function organizationIn(metadata: Readonly<Record<string, string>> | null): string | null {
  return decodeId("org", metadata?.headroom_organization ?? "");
}

/** Stripe's seconds as milliseconds. */
export function instant(seconds: number): number;
export function instant(seconds: number | null): number | null;
export function instant(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}

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
      const query = { customer: customerId, status: "all", limit: 100, expand: ["data.latest_invoice"] };
      await call(async () => {
        for await (const subscription of stripe.subscriptions.list(query)) {
          subscriptions.push(toSnapshot(subscription));
        }
      });
      return { organizationId: organizationIn(customer.metadata), subscriptions };
    },
    cancelSubscription: (id, when, key) => cancel(stripe, id, when, key),
  };
}

// Stripe answers a second cancellation as if there were no such subscription.
async function cancel(stripe: Stripe, id: string, when: "now" | "period_end", key: string): Promise<void> {
  const options = { idempotencyKey: key };
  try {
    await call(() =>
      when === "now"
        ? stripe.subscriptions.cancel(id, {}, options)
        : stripe.subscriptions.update(id, { cancel_at_period_end: true }, options),
    );
  } catch (error) {
    if (!(error instanceof StripeFault) || error.kind !== "missing") {
      throw error;
    }
  }
}

async function findCustomer(stripe: Stripe, id: string): Promise<Stripe.Customer | null> {
  try {
    const customer = await call(() => stripe.customers.retrieve(id));
    return customer.deleted ? null : customer;
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "missing") {
      return null;
    }
    throw error;
  }
}

function toSnapshot(subscription: Stripe.Subscription): SubscriptionSnapshot {
  const invoice = typeof subscription.latest_invoice === "string" ? null : subscription.latest_invoice;
  return {
    id: subscription.id,
    status: subscription.status,
    created: instant(subscription.created),
    claimed: organizationIn(subscription.metadata) !== null,
    currency: subscription.currency,
    anchor: instant(subscription.billing_cycle_anchor),
    trialEnd: instant(subscription.trial_end),
    cancelAt: instant(subscription.cancel_at),
    cancelAtPeriodEnd: subscription.cancel_at_period_end,
    endedAt: instant(subscription.ended_at),
    latestInvoice: invoice && {
      finalizedAt: instant(invoice.status_transitions.finalized_at),
      dueAt: instant(invoice.due_date),
    },
    items: subscription.items.data.map(toItem),
  };
}

function toItem(item: Stripe.SubscriptionItem): ItemSnapshot {
  return {
    id: item.id,
    priceId: item.price.id,
    lookupKey: item.price.lookup_key,
    metadata: item.price.metadata,
    quantity: item.quantity ?? 0,
    interval: item.price.recurring?.interval ?? "month",
    periodStart: instant(item.current_period_start),
    periodEnd: instant(item.current_period_end),
  };
}
