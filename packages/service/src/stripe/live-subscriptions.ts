import type { Proration } from "@headroom/domain/configuration";
import type { ItemSnapshot, SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import type Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type { SubscriptionCalls, SubscriptionChange } from "./gateway.ts";
import { instant, keptIn, keptMetadata, organizationIn } from "./metadata.ts";

const prorations: Record<Proration, "create_prorations" | "always_invoice" | "none"> = {
  next_invoice: "create_prorations",
  now: "always_invoice",
  none: "none",
};

export function subscriptionCalls(stripe: Stripe): SubscriptionCalls {
  return {
    async updateSubscription(id, change, key) {
      await call(() => stripe.subscriptions.update(id, fieldsOf(change), { idempotencyKey: key }));
    },
    cancelSubscription: (id, when, key) => cancel(stripe, id, when, key),
    async resumeSubscription(id, key) {
      const fields = { cancel_at_period_end: false };
      await call(() => stripe.subscriptions.update(id, fields, { idempotencyKey: key }));
    },
  };
}

function fieldsOf({ items, proration, kept }: SubscriptionChange): Stripe.SubscriptionUpdateParams {
  return {
    proration_behavior: prorations[proration],
    ...(proration === "now" ? { payment_behavior: "error_if_incomplete" as const } : {}),
    ...(items === undefined ? {} : { items: items.map(toItemFields) }),
    ...(kept === undefined ? {} : { metadata: keptMetadata(kept) }),
  };
}

// The quantity always: without it Stripe sets a changed price's to 1.
function toItemFields(item: NonNullable<SubscriptionChange["items"]>[number]) {
  return {
    quantity: item.quantity,
    ...(item.id === null ? {} : { id: item.id }),
    ...(item.priceId === undefined ? {} : { price: item.priceId }),
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

/** A subscription in our words. */
export function toSnapshot(subscription: Stripe.Subscription): SubscriptionSnapshot {
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
    kept: keptIn(subscription.metadata),
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
