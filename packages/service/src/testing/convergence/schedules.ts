import type Stripe from "stripe";
import { type Act, itemOf, paidPlans, type Scene, subscriptionOf } from "./scene.ts";

type Phase = Stripe.SubscriptionScheduleUpdateParams.Phase;
const month = { duration: { interval: "month" as const } };

/** A phase of another plan, or of other seats of the plan that runs. */
function coming(scene: Scene): Phase {
  const { chance, price } = scene;
  const seat = itemOf(scene, "seat");
  const running = itemOf(scene, "plan");
  if (seat !== undefined && running !== undefined && chance.chance(0.3)) {
    const seats = { price: seat.price.id, quantity: chance.between(1, 6) };
    return { ...month, items: [{ price: running.price.id, quantity: 1 }, seats] };
  }
  const plan = chance.pick(paidPlans);
  const seats = chance.chance(0.4) ? [{ price: price(plan, "seat"), quantity: chance.between(1, 4) }] : [];
  return { ...month, items: [{ price: price(plan, "plan"), quantity: 1 }, ...seats] };
}

/** The running phase as it is, and what is to come after it. */
async function plan(
  scene: Scene,
  { id, phases, current_phase }: Stripe.SubscriptionSchedule,
): Promise<string> {
  const { chance, bench } = scene;
  const { start_date, end_date, items } = phases.find(
    (one) => one.start_date === current_phase?.start_date,
  ) ?? {
    items: [],
  };
  const now: Phase = {
    ...(start_date === undefined || end_date === undefined ? {} : { start_date, end_date }),
    items: items.map(({ price, quantity = 1 }) => ({ price: String(price), quantity })),
  };
  const later = Array.from({ length: chance.pick([0, 1, 1, 2]) }, () => coming(scene));
  const end_behavior = chance.pick(["release", "release", "cancel"] as const);
  await bench.stripe.subscriptionSchedules.update(id, { phases: [now, ...later], end_behavior });
  return `${later.length} to come, then ${end_behavior}`;
}

/** What somebody plans at Stripe for a subscription: a later plan, later seats, an end; and what they take back. */
export const schedules: Readonly<Record<string, Act>> = {
  schedule: {
    weight: 5,
    when: "live",
    async run(scene) {
      const { bench, chance } = scene;
      const { id, schedule } = subscriptionOf(scene);
      const api = bench.stripe.subscriptionSchedules;
      if (schedule === null) return plan(scene, await api.create({ from_subscription: id }));
      const known = await api.retrieve(String(schedule));
      const what = chance.pick(["change", "change", "release", "cancel"] as const);
      if (what === "change") return plan(scene, known);
      await api[what](known.id);
      return what;
    },
  },
};
