import type Stripe from "stripe";
import { call, makeOnce, StripeFault } from "./faults.ts";
import { itemsOf } from "./live-subscriptions.ts";
import { instant } from "./metadata.ts";
import type { MeterCalls, NewMeterEvent } from "./meter-calls.ts";

const minute = 60_000;

export function meterCalls(stripe: Stripe): MeterCalls {
  return {
    async ensureMeter({ eventName, displayName }, { dryRun }) {
      const found = await findMeter(stripe, eventName);
      if (found === null && dryRun) {
        return { id: null, change: "created" };
      }
      if (found === null) {
        const fields = {
          event_name: eventName,
          display_name: displayName,
          default_aggregation: { formula: "sum" as const },
        };
        const made = await makeOnce(
          `meter:${eventName}`,
          (key) => call(() => stripe.billing.meters.create(fields, { idempotencyKey: key })),
          () => findMeter(stripe, eventName),
        );
        return { id: made.id, change: "created" };
      }
      if (found.default_aggregation.formula !== "sum" || found.event_time_window !== null) {
        throw new StripeFault("refused", `Stripe's meter ${found.id} (${eventName}) is no plain sum`);
      }
      const isActive = found.status === "active";
      if (!isActive && !dryRun) {
        await call(() => stripe.billing.meters.reactivate(found.id));
      }
      return { id: found.id, change: isActive ? "unchanged" : "reactivated" };
    },
    sendMeterEvent: (event, key) => send(stripe, event, key),
    async sumMeterEvents({ meterId, customerId, at }) {
      const start = Math.floor(at / minute) * minute;
      const range = { start_time: start / 1000, end_time: (start + minute) / 1000 };
      const { data } = await call(() =>
        stripe.billing.meters.listEventSummaries(meterId, { customer: customerId, ...range }),
      );
      return data.reduce((sum, { aggregated_value }) => sum + aggregated_value, 0);
    },
    async usageBilled({ invoiceId, priceId, periodEnd }) {
      const billed = { units: 0, amount: 0 };
      await call(async () => {
        for await (const line of stripe.invoices.listLineItems(invoiceId, { limit: 100 })) {
          const price = line.pricing?.price_details?.price;
          const isIt = (typeof price === "string" ? price : price?.id) === priceId;
          if (isIt && instant(line.period.end) === Math.floor(periodEnd / 1000) * 1000) {
            billed.units += line.quantity ?? 0;
            billed.amount += line.amount;
          }
        }
      });
      return billed;
    },
    async setUsagePrices(subscriptionId, priceIds, key) {
      const subscription = await call(() => stripe.subscriptions.retrieve(subscriptionId));
      const ours = (await itemsOf(stripe, subscription)).filter(({ price }) =>
        (price.metadata.headroom_role ?? "").startsWith("overage:"),
      );
      for (const price of priceIds.filter((id) => !ours.some((item) => item.price.id === id))) {
        const fields = { subscription: subscriptionId, price, proration_behavior: "none" as const };
        await call(() => stripe.subscriptionItems.create(fields, { idempotencyKey: `${key}:add:${price}` }));
      }
      for (const item of ours.filter(({ price }) => !priceIds.includes(price.id))) {
        await call(() => stripe.subscriptionItems.del(item.id, { proration_behavior: "none" }));
      }
    },
  };
}

async function findMeter(stripe: Stripe, eventName: string): Promise<Stripe.Billing.Meter | null> {
  const meters: Stripe.Billing.Meter[] = [];
  await call(async () => {
    for await (const meter of stripe.billing.meters.list({ limit: 100 })) {
      if (meter.event_name === eventName) meters.push(meter);
    }
  });
  return meters.find(({ status }) => status === "active") ?? meters[0] ?? null;
}

async function send(stripe: Stripe, event: NewMeterEvent, key: string): Promise<"taken" | "known"> {
  const fields = {
    event_name: event.eventName,
    payload: { stripe_customer_id: event.customerId, value: String(event.value) },
    identifier: event.identifier,
    timestamp: Math.floor(event.at.getTime() / 1000),
  };
  try {
    await call(() => stripe.billing.meterEvents.create(fields, { idempotencyKey: key }));
    return "taken";
  } catch (error) {
    // Stripe has no code for it: an earlier one with this identifier, whose answer was lost, arrived.
    const isKnown = error instanceof StripeFault && /already exists with identifier/i.test(error.message);
    if (isKnown) {
      return "known";
    }
    throw error;
  }
}
