import type { Proration } from "@headroom/domain/configuration";
import type { ComingPhase, ItemSnapshot, SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import type Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type { SubscriptionCalls, SubscriptionChange } from "./gateway.ts";
import { instant, keptIn, keptMetadata, organizationIn } from "./metadata.ts";

/** Stripe's word for how a change is settled. */
export const prorations: Record<Proration, "create_prorations" | "always_invoice" | "none"> = {
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

function fieldsOf(change: SubscriptionChange): Stripe.SubscriptionUpdateParams {
  const { items, proration, kept, mustBePaid, resume } = change;
  const paidOrRefused = proration === "now" || mustBePaid;
  return {
    proration_behavior: prorations[proration],
    ...(paidOrRefused ? { payment_behavior: "error_if_incomplete" as const } : {}),
    ...(items === undefined ? {} : { items: items.map(toItemFields) }),
    ...(kept === undefined ? {} : { metadata: keptMetadata(kept) }),
    ...(resume ? { cancel_at_period_end: false } : {}),
  };
}

/** An item as Stripe takes it: the quantity always, without it Stripe sets a changed price's to 1; but none for a metered one. */
export function toItemFields(item: NonNullable<SubscriptionChange["items"]>[number]) {
  if (item.remove && item.id !== null) {
    return { id: item.id, deleted: true };
  }
  return {
    ...(item.quantity === null ? {} : { quantity: item.quantity }),
    ...(item.id === null ? {} : { id: item.id }),
    ...(item.priceId === undefined ? {} : { price: item.priceId }),
  };
}

// Stripe answers a second cancellation as if there were no such subscription.
async function cancel(stripe: Stripe, id: string, when: "now" | "period_end", key: string): Promise<void> {
  try {
    if (when === "now") {
      await call(() => stripe.subscriptions.cancel(id, {}, { idempotencyKey: key }));
    } else {
      await cancelAtPeriodEnd(stripe, id, key);
    }
  } catch (error) {
    if (!(error instanceof StripeFault) || error.kind !== "missing") {
      throw error;
    }
  }
}

// Only a schedule plans the end of what it manages: whoever cancels takes back what it had planned.
async function cancelAtPeriodEnd(stripe: Stripe, id: string, key: string): Promise<void> {
  const end = (idempotencyKey: string) =>
    call(() => stripe.subscriptions.update(id, { cancel_at_period_end: true }, { idempotencyKey }));
  try {
    await end(key);
  } catch (error) {
    const refused = error instanceof StripeFault && error.kind === "refused";
    const schedule = refused ? (await call(() => stripe.subscriptions.retrieve(id))).schedule : null;
    if (schedule === null) {
      throw error;
    }
    const scheduleId = typeof schedule === "string" ? schedule : schedule.id;
    const released = { idempotencyKey: `${key}:release` };
    await call(() => stripe.subscriptionSchedules.release(scheduleId, {}, released));
    await end(`${key}:released`);
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
    coming: comingIn(subscription.schedule),
    pausedFor: subscription.status_details?.paused?.subscription?.type ?? null,
    latestInvoice: invoice && {
      finalizedAt: instant(invoice.status_transitions.finalized_at),
      dueAt: instant(invoice.due_date),
    },
    items: subscription.items.data.map(toItem),
  };
}

/** The phases after the running one. A price is its id: one more level is more than Stripe expands in a list. */
function comingIn(schedule: Stripe.Subscription["schedule"]): ComingPhase[] {
  if (schedule === null || typeof schedule === "string" || schedule.status !== "active") {
    return [];
  }
  const begun = schedule.current_phase?.start_date ?? 0;
  return schedule.phases
    .filter((phase) => phase.start_date > begun)
    .map((phase) => ({
      at: instant(phase.start_date),
      priceIds: phase.items.map(({ price }) => (typeof price === "string" ? price : price.id)),
    }));
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
