import type Stripe from "stripe";
import { startReceiver } from "../receiver.ts";
import { monthly, payingCustomer, until } from "../workbench.ts";
import type { Tour } from "./tour-guide.ts";

/** Meters, their events and summaries, metered prices on invoices, thin events and their destinations. */
export async function metersAndThinEvents({ stripe, bench }: Tour): Promise<void> {
  // A destination has a secret of its own, so that its deliveries go to a receiver of their own.
  const thin = await startReceiver(null);
  const destination = await destinations(stripe, thin.url);
  const { meters, meterEvents, meterEventAdjustments } = stripe.billing;
  const meter = await meters.create({
    display_name: "Jobs",
    event_name: "jobs",
    default_aggregation: { formula: "sum" },
  });
  await meters.update(meter.id, { display_name: "Finished jobs" });
  await meters.list({ status: "active" });
  await meters.deactivate(meter.id);
  await meters.reactivate(meter.id);
  await meters.retrieve(meter.id);
  const base = await monthly(stripe, 2900, "Metered plan");
  const price = await stripe.prices.create({
    product: String(base.product),
    currency: "usd",
    unit_amount: 3,
    recurring: { interval: "month", usage_type: "metered", meter: meter.id },
  });
  const customer = (await payingCustomer(stripe)).id;
  const subscription = await stripe.subscriptions.create({
    customer,
    items: [{ price: base.id }, { price: price.id }],
  });
  const send = (identifier: string, payload: Record<string, string>, event_name = "jobs") =>
    meterEvents.create({ event_name, identifier, payload });
  await send("a", { stripe_customer_id: customer, value: "7" });
  await send("b", { stripe_customer_id: customer, value: "2" });
  await meterEventAdjustments.create({ event_name: "jobs", type: "cancel", cancel: { identifier: "b" } });
  await send("c", { stripe_customer_id: "cus_none", value: "1" });
  await send("d", { value: "1" }, "unheard_of");
  await bench.advance({ by: "1h" });
  const at = Math.floor((await bench.now()).getTime() / 60_000) * 60;
  await meters.listEventSummaries(meter.id, { customer, start_time: at - 7200, end_time: at });
  await bench.advance({ by: "1 month" });
  await stripe.subscriptions.cancel(subscription.id, { invoice_now: true });
  const events = await stripe.v2.core.events.list({ types: ["v1.billing.meter.error_report_triggered"] });
  await stripe.v2.core.events.retrieve(String(events.data[0]?.id));
  await until(() => thin.types().length === 2);
  await stripe.v2.core.eventDestinations.del(destination);
  bench.receiver.all.push(...thin.all);
  await thin.close();
}

async function destinations(stripe: Stripe, url: string): Promise<string> {
  const { eventDestinations } = stripe.v2.core;
  const { id } = await eventDestinations.create({
    name: "Thin",
    type: "webhook_endpoint",
    event_payload: "thin",
    enabled_events: ["v1.billing.meter.no_meter_found"],
    webhook_endpoint: { url },
    include: ["webhook_endpoint.signing_secret", "webhook_endpoint.url"],
  });
  await eventDestinations.disable(id);
  await eventDestinations.enable(id);
  await eventDestinations.update(id, { description: "for meters", metadata: { a: "1" } });
  await eventDestinations.retrieve(id);
  await eventDestinations.list({ include: ["webhook_endpoint.url"] });
  await eventDestinations.ping(id);
  return id;
}
