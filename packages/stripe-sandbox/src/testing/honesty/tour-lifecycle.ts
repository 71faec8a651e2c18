import { monthly, payingCustomer } from "../workbench.ts";
import type { Tour } from "./tour-guide.ts";

/** Pauses and resumptions, collection that is paused, and changes that wait for their payment. */
export async function pausesAndPendingUpdates({ stripe, bench }: Tour): Promise<void> {
  const { subscriptions } = stripe;
  const customer = (await payingCustomer(stripe)).id;
  const [small, big] = [await monthly(stripe, 3000, "Small"), await monthly(stripe, 9000, "Big")];
  const { id, items } = await subscriptions.create({ customer, items: [{ price: small.id }] });
  await bench.advance({ by: "3d" });
  await subscriptions.pause(id, { type: "subscription", invoicing_behavior: "invoice" });
  await subscriptions.resume(id, { payment_behavior: "resume_on_payment_success" });
  await subscriptions.update(id, { pause_collection: { behavior: "mark_uncollectible" } });
  await bench.advance({ by: "32d" });
  await subscriptions.update(id, { pause_collection: "" });
  await stripe.paymentMethods
    .attach("pm_card_chargeCustomerFail", { customer })
    .then((method) =>
      stripe.customers.update(customer, { invoice_settings: { default_payment_method: method.id } }),
    );
  const change = {
    items: [{ id: String(items.data[0]?.id), price: big.id }],
    payment_behavior: "pending_if_incomplete" as const,
    proration_behavior: "always_invoice" as const,
  };
  const first = await subscriptions.update(id, change);
  await stripe.invoices.pay(String(first.latest_invoice), { payment_method: "pm_card_visa" });
  await subscriptions.update(id, { ...change, items: [{ ...change.items[0], quantity: 3 }] });
  await bench.advance({ by: "1d" });
}

/** A schedule from a subscription and one that makes its own: phases, release, end and cancellation. */
export async function schedules({ stripe, bench }: Tour): Promise<void> {
  const { subscriptionSchedules: plans } = stripe;
  const customer = (await payingCustomer(stripe)).id;
  const [small, big] = [await monthly(stripe, 3000, "Small"), await monthly(stripe, 9000, "Big")];
  const { id, items } = await stripe.subscriptions.create({ customer, items: [{ price: small.id }] });
  const plan = await plans.create({ from_subscription: id });
  const start_date = items.data[0]?.current_period_start ?? 0;
  const end_date = items.data[0]?.current_period_end ?? 0;
  await plans.update(plan.id, {
    metadata: { why: "upgrade" },
    phases: [
      { start_date, end_date, items: [{ price: small.id }] },
      { items: [{ price: big.id }], duration: { interval: "month" }, description: "bigger" },
    ],
  });
  await plans.retrieve(plan.id, { expand: ["subscription", "customer", "phases.items.price"] });
  await stripe.subscriptions.retrieve(id, { expand: ["schedule"] });
  await bench.advance({ by: "64d" });
  const phases = [{ items: [{ price: small.id }], duration: { interval: "month" as const } }];
  const running = await plans.create({ customer, phases, end_behavior: "cancel" });
  await plans.cancel(running.id);
  const released = await plans.create({ customer, phases, default_settings: { description: "planned" } });
  await plans.release(released.id, { preserve_cancel_date: true });
  const dunned = await plans.create({ customer, phases: [...phases, ...phases, ...phases].map(withEnd) });
  const declining = await stripe.paymentMethods.attach("pm_card_chargeCustomerFail", { customer });
  await stripe.subscriptions.update(String(dunned.subscription), { default_payment_method: declining.id });
  await bench.advance({ by: "60d" });
  await plans.list({ customer, expand: ["data.subscription"] });
}

function withEnd<Phase extends object>(phase: Phase): Phase & { proration_behavior: "none" } {
  return { ...phase, proration_behavior: "none" };
}
