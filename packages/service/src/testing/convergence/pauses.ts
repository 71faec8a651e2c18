import type Stripe from "stripe";
import { note } from "./life.ts";
import { type Act, type Scene, subscriptionOf } from "./scene.ts";

const resumptions = ["resume_on_payment_success", "resume_on_payment_attempt"] as const;

async function resume({ bench, chance }: Scene, id: string): Promise<Stripe.Subscription> {
  return bench.stripe.subscriptions.resume(id, {
    billing_cycle_anchor: { type: chance.pick(["now", "unchanged"]) },
    payment_behavior: chance.pick(resumptions),
  });
}

async function pause({ bench, chance }: Scene, id: string): Promise<Stripe.Subscription> {
  return bench.stripe.subscriptions.pause(id, {
    bill_for: { unused_time_from: { type: chance.pick(["now", "none"]) } },
    invoicing_behavior: chance.pick(["invoice", "pending_invoice_item"]),
  });
}

/** What stops at Stripe for a while: the subscription with its plan, or only that somebody is charged for it. */
export const pauses: Readonly<Record<string, Act>> = {
  pause: {
    weight: 3,
    when: "live",
    async run(scene) {
      const { id, status } = subscriptionOf(scene);
      const paused = status === "paused";
      note(scene.life, await (paused ? resume : pause)(scene, id));
      return paused ? "ends" : "begins";
    },
  },
  collection: {
    weight: 2,
    when: "live",
    async run(scene) {
      const { bench, chance, life } = scene;
      const { id, pause_collection: paused, created } = subscriptionOf(scene);
      const behavior = chance.pick(["keep_as_draft", "mark_uncollectible", "void"] as const);
      const until = chance.chance(0.4) ? { resumes_at: created + chance.between(20, 80) * 86_400 } : {};
      const wish = paused === null ? { behavior, ...until } : ("" as const);
      note(life, await bench.stripe.subscriptions.update(id, { pause_collection: wish }));
      return paused === null ? behavior : "goes on";
    },
  },
};
