import type Stripe from "stripe";
import { note } from "./life.ts";
import { pauses } from "./pauses.ts";
import { type Act, itemOf, paidPlans, type Scene, subscriptionOf } from "./scene.ts";
import { schedules } from "./schedules.ts";

const update = async (scene: Scene, change: Stripe.SubscriptionUpdateParams) =>
  note(scene.life, await scene.bench.stripe.subscriptions.update(subscriptionOf(scene).id, change));

/** A plan's items at Stripe, as somebody would put them together there. */
function itemsOf({ price, chance }: Scene, plan: string): { price: string; quantity: number }[] {
  const seats = chance.between(0, 4);
  const interval = ["solo", "studio"].includes(plan) && chance.chance(0.3) ? "year" : "month";
  const items = [{ price: price(plan, "plan", interval), quantity: 1 }];
  return seats === 0 ? items : [...items, { price: price(plan, "seat", interval), quantity: seats }];
}

async function card({ bench, life }: Scene, name: string): Promise<string> {
  const { id } = await bench.stripe.paymentMethods.attach(name, { customer: life.customerId });
  await bench.stripe.customers.update(life.customerId, { invoice_settings: { default_payment_method: id } });
  return id;
}

async function subscribeThere(scene: Scene, more: Partial<Stripe.SubscriptionCreateParams>): Promise<void> {
  const { bench, life, chance } = scene;
  const wish = { customer: life.customerId, items: itemsOf(scene, chance.pick(paidPlans)), ...more };
  note(life, await bench.stripe.subscriptions.create(wish));
  life.began = true;
}

/** What is done at Stripe itself, by whoever may there: the customer in the portal, somebody at the dashboard. */
export const actsAtStripe: Readonly<Record<string, Act>> = {
  ...schedules,
  ...pauses,
  subscribeThere: {
    weight: 2,
    when: "none",
    begins: true,
    async run(scene) {
      await card(scene, scene.chance.chance(0.25) ? "pm_card_chargeCustomerFail" : "pm_card_visa");
      await subscribeThere(scene, scene.chance.chance(0.3) ? { trial_period_days: 7 } : {});
    },
  },
  trialWithoutCard: {
    weight: 1,
    when: "none",
    begins: true,
    async run(scene) {
      const missing_payment_method = scene.chance.pick([
        "pause",
        "pause",
        "cancel",
        "create_invoice",
      ] as const);
      const trial_settings = { end_behavior: { missing_payment_method } };
      await subscribeThere(scene, { trial_period_days: 7, trial_settings });
      return missing_payment_method;
    },
  },
  sendInvoices: {
    weight: 1,
    when: "none",
    begins: true,
    run: (scene) => subscribeThere(scene, { collection_method: "send_invoice", days_until_due: 5 }),
  },
  second: {
    weight: 2,
    when: "live",
    begins: true,
    async run(scene) {
      await card(scene, "pm_card_visa");
      await subscribeThere(scene, scene.chance.chance(0.4) ? { trial_period_days: 20 } : {});
    },
  },
  foreign: {
    weight: 1,
    when: "any",
    // A schedule may make it one of ours.
    begins: true,
    async run(scene) {
      const { bench, life, strangePrice } = scene;
      await card(scene, "pm_card_visa");
      await bench.stripe.subscriptions.create({
        customer: life.customerId,
        items: [{ price: strangePrice }],
      });
      life.began = true;
    },
  },
  seatsThere: {
    weight: 3,
    when: "live",
    async run(scene) {
      const item = itemOf(scene, "seat");
      const quantity = scene.chance.between(0, 6);
      if (item === undefined) return "no seats";
      await scene.bench.stripe.subscriptionItems.update(item.id, { quantity });
      return quantity;
    },
  },
  planThere: {
    weight: 2,
    when: "live",
    async run(scene) {
      const [plan, seat] = [itemOf(scene, "plan"), itemOf(scene, "seat")];
      const planId = scene.chance.pick(paidPlans);
      const items = [
        ...(plan ? [{ id: plan.id, price: scene.price(planId, "plan"), quantity: 1 }] : []),
        ...(seat ? [{ id: seat.id, price: scene.price(planId, "seat"), quantity: seat.quantity ?? 1 }] : []),
      ];
      await update(scene, { items, proration_behavior: scene.chance.pick(["none", "create_prorations"]) });
      return planId;
    },
  },
  strangePrice: {
    weight: 1,
    when: "live",
    async run(scene) {
      const id = itemOf(scene, "plan")?.id ?? "";
      await update(scene, { items: [{ id, price: scene.strangePrice, quantity: 1 }] });
    },
  },
  cancelThere: {
    weight: 2,
    when: "live",
    async run(scene) {
      const { bench, chance } = scene;
      const { id } = subscriptionOf(scene);
      if (chance.chance(0.4)) return bench.stripe.subscriptions.cancel(id).then(() => "now");
      return update(scene, { cancel_at_period_end: true }).then(() => "with the period");
    },
  },
  cancelAt: {
    weight: 1,
    when: "live",
    async run(scene) {
      const days = scene.chance.between(2, 40);
      const { created } = subscriptionOf(scene);
      await update(scene, { cancel_at: created + days * 86_400, proration_behavior: "none" });
      return `${days} days from its start`;
    },
  },
  resumeThere: {
    weight: 1,
    when: "live",
    run: (scene) => update(scene, { cancel_at_period_end: false }),
  },
  endTrial: { weight: 1, when: "live", run: (scene) => update(scene, { trial_end: "now" }) },
  breakCard: {
    weight: 4,
    when: "live",
    run: async (scene) =>
      update(scene, { default_payment_method: await card(scene, "pm_card_chargeCustomerFail") }),
  },
  mendCard: {
    weight: 3,
    when: "live",
    async run(scene) {
      const { bench, life } = scene;
      await update(scene, { default_payment_method: await card(scene, "pm_card_visa") });
      const { data } = await bench.stripe.invoices.list({ customer: life.customerId, status: "open" });
      for (const { id } of data) await bench.stripe.invoices.pay(id);
      return `${data.length} paid`;
    },
  },
  rename: {
    weight: 1,
    when: "any",
    run: ({ bench, life }) => bench.stripe.customers.update(life.customerId, { name: "Ada" }).then(() => {}),
  },
  deleteCustomer: {
    weight: 0.5,
    when: "any",
    async run({ bench, life }) {
      await bench.stripe.customers.del(life.customerId);
      life.subscriptions.clear();
      life.gone = true;
    },
  },
};
