import type { Proration } from "@headroom/domain/configuration";
import type {
  ComingPhase,
  InvoiceSnapshot,
  ItemSnapshot,
  SubscriptionSnapshot,
} from "@headroom/domain/subscriptions";
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
      const fields = fieldsOf(change);
      if (change.resume) {
        await withoutEnd(stripe, id, fields, key);
      } else {
        await call(() => stripe.subscriptions.update(id, fields, { idempotencyKey: key }));
      }
    },
    cancelSubscription: (id, when, key) => cancel(stripe, id, when, key),
    resumeSubscription: (id, key) => withoutEnd(stripe, id, { cancel_at_period_end: false }, key),
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
  await orWithSchedule(
    stripe,
    id,
    () => end(key),
    async (scheduleId) => {
      const released = { idempotencyKey: `${key}:release` };
      await call(() => stripe.subscriptionSchedules.release(scheduleId, {}, released));
      await end(`${key}:released`);
    },
  );
}

// An end that a schedule plans is taken out of the schedule; whatever else it plans stays. What else changes is sent again
// without a word about the end.
async function withoutEnd(
  stripe: Stripe,
  id: string,
  { cancel_at_period_end, ...others }: Stripe.SubscriptionUpdateParams,
  key: string,
): Promise<void> {
  const update = (fields: Stripe.SubscriptionUpdateParams, idempotencyKey: string) =>
    call(() => stripe.subscriptions.update(id, fields, { idempotencyKey }));
  await orWithSchedule(
    stripe,
    id,
    () => update({ cancel_at_period_end, ...others }, key),
    async (scheduleId) => {
      const goesOn = { end_behavior: "release" } as const;
      const options = { idempotencyKey: `${key}:schedule` };
      if (Object.keys(others).length > 0) {
        await update(others, `${key}:scheduled`);
      }
      await call(() => stripe.subscriptionSchedules.update(scheduleId, goesOn, options));
    },
  );
}

/** Does what a schedule alone may do by way of it, where Stripe refuses because there is one. */
async function orWithSchedule(
  stripe: Stripe,
  id: string,
  work: () => Promise<unknown>,
  bySchedule: (scheduleId: string) => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const refused = error instanceof StripeFault && error.kind === "refused";
    const schedule = refused ? (await call(() => stripe.subscriptions.retrieve(id))).schedule : null;
    if (schedule === null) {
      throw error;
    }
    await bySchedule(typeof schedule === "string" ? schedule : schedule.id);
  }
}

/** All items of a subscription, which shows ten of its up to twenty itself. @throws StripeFault */
export async function itemsOf(
  stripe: Stripe,
  { id, items }: Pick<Stripe.Subscription, "id" | "items">,
): Promise<Stripe.SubscriptionItem[]> {
  if (!items.has_more) {
    return items.data;
  }
  return call(async () => {
    const all: Stripe.SubscriptionItem[] = [];
    for await (const item of stripe.subscriptionItems.list({ subscription: id, limit: 100 })) {
      all.push(item);
    }
    return all;
  });
}

/** A subscription in our words. @param items all of them. @param open its open invoices; default: not asked for */
export function toSnapshot(
  subscription: Stripe.Subscription,
  items: readonly Stripe.SubscriptionItem[],
  open: readonly Stripe.Invoice[] = [],
): SubscriptionSnapshot {
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
    latestInvoice: invoice && toInvoice(invoice),
    openInvoices: open.map(toInvoice),
    items: items.map(toItem),
  };
}

function toInvoice({ status_transitions, due_date }: Stripe.Invoice): InvoiceSnapshot {
  return { finalizedAt: instant(status_transitions.finalized_at), dueAt: instant(due_date) };
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
