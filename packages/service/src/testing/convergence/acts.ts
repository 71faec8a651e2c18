import { usageRequest } from "@headroom/db/testing/usage-requests";
import { consumeUsage } from "@headroom/db/usage";
import { startCheckout } from "../../checkout.ts";
import { setMaxOverages } from "../../max-overages.ts";
import { changePlan } from "../../plan-changes.ts";
import { migratePlan } from "../../plan-migration.ts";
import { openPortal } from "../../portal.ts";
import { setSeats } from "../../seat-purchases.ts";
import { cancelSubscription, resumeSubscription } from "../../subscription-endings.ts";
import { voidUsage } from "../../voids.ts";
import { operator } from "../overrides.ts";
import { actsAtStripe } from "./acts-at-stripe.ts";
import type { Dice } from "./dice.ts";
import { type Act, paidPlans, type Scene, subscriptionOf } from "./scene.ts";

async function use({ bench, life, chance }: Scene, meter: "pages" | "jobs"): Promise<string> {
  const quantity = chance.between(1, meter === "jobs" ? 30 : 300);
  const mode = chance.pick(["reject", "cap", "record"] as const);
  const { credential, organizationId } = life;
  const request = usageRequest(credential, { organizationId, meter, quantity, mode });
  const [outcome] = await consumeUsage(bench.api.db, [request]);
  if (outcome && "eventId" in outcome && outcome.outcome === "accepted") life.used.push(outcome.eventId);
  return `${quantity} ${mode}: ${outcome?.outcome}`;
}

/** What an organization does through the product. */
const ownActs: Readonly<Record<string, Act>> = {
  checkout: {
    weight: 6,
    when: "none",
    begins: true,
    async run({ bench, life, chance }) {
      const planId = chance.pick(paidPlans);
      const seats = planId !== "crew" && chance.chance(0.5) ? { seats: chance.between(0, 5) } : {};
      const wish = { planId, ...seats };
      const { checkoutUrl } = await startCheckout(bench.api, life.access, wish);
      if (chance.chance(0.1)) return `${planId}, left unpaid`;
      await bench.pay(checkoutUrl, chance.chance(0.1) ? "pm_card_chargeCustomerFail" : "pm_card_visa");
      life.began = true;
      return planId;
    },
  },
  changePlan: {
    weight: 5,
    when: "any",
    async run({ bench, life, chance }) {
      const planId = chance.pick([...paidPlans, "free", "community"]);
      const { changed, pendingPlan } = await changePlan(bench.api, life.access, { planId });
      const free = planId === "free" || planId === "community";
      if (free && (changed || pendingPlan?.planId === planId)) life.base = planId;
      return `${planId}: ${changed ? "now" : pendingPlan ? "later" : "not"}`;
    },
  },
  setSeats: {
    weight: 3,
    when: "live",
    asks: true,
    async run({ bench, life, chance }) {
      const seats = chance.between(0, 9);
      await setSeats(bench.api, life.access, { seats });
      return seats;
    },
  },
  cancel: {
    weight: 2,
    when: "live",
    asks: true,
    async run({ bench, life, chance }) {
      const when = chance.pick(["now", "period_end", "period_end"] as const);
      await cancelSubscription(bench.api, life.access, { when });
      return when;
    },
  },
  resume: {
    weight: 2,
    when: "live",
    asks: true,
    run: ({ bench, life }) => resumeSubscription(bench.api, life.access).then(() => undefined),
  },
  portal: {
    weight: 3,
    when: "live",
    async run(scene) {
      const { bench, life, chance } = scene;
      const { id, cancel_at } = subscriptionOf(scene);
      const verb = chance.chance(0.3) ? "card" : cancel_at === null ? "cancel" : "resume";
      const card = chance.pick(["pm_card_visa", "pm_card_chargeCustomerFail"]);
      const { portalUrl } = await openPortal(bench.api, life.access, {});
      const body = new URLSearchParams({ card, subscription: id });
      const { status } = await fetch(`${portalUrl}/${verb}`, { method: "POST", body, redirect: "manual" });
      if (status !== 303) throw new Error(`portal/${verb}: ${status} `);
      return verb === "card" ? card : verb;
    },
  },
  join: {
    weight: 3,
    when: "any",
    async run({ bench, life }) {
      life.others.push(await bench.make.member(life.organizationId));
    },
  },
  leave: {
    weight: 1,
    when: "any",
    async run({ bench, life }) {
      const userId = life.others.pop();
      const wish = [life.organizationId, userId ?? null];
      await bench.rows(
        "delete from headroom.membership where organization_id = $1 and user_id = $2::uuid",
        ...wish,
      );
    },
  },
  useJobs: { weight: 7, when: "any", run: (scene) => use(scene, "jobs") },
  usePages: { weight: 2, when: "any", run: (scene) => use(scene, "pages") },
  void: {
    weight: 2,
    when: "any",
    async run({ bench, life, chance }) {
      const [eventId] = chance.shuffle(life.used);
      if (eventId === undefined) return "nothing to take back";
      life.used = life.used.filter((one) => one !== eventId);
      const { credential, organizationId } = life;
      await voidUsage(bench.api, { credential, organizationId }, { eventId });
    },
  },
  maxOverage: {
    weight: 2,
    when: "live",
    async run({ bench, life, chance }) {
      const units = chance.pick([0, 5, 80, null]);
      await setMaxOverages(bench.api, life.access, { meter: "jobs", units });
      life.maxOverage = units;
      return units;
    },
  },
  migrate: {
    weight: 2,
    when: "live",
    async run({ bench, life, chance }) {
      const at = chance.pick(["now", "period_end"] as const);
      const { organizationId } = life;
      const wish = { planId: "solo", organizationId, at, dryRun: false, operator };
      const { organizations } = await migratePlan(bench.worker, wish);
      return `${at}: ${organizations.map(({ outcome, reason }) => reason ?? outcome)}`;
    },
  },
};

/** Everything that can happen to an organization, by what it is called in a life's story. */
export const acts: Readonly<Record<string, Act>> = { ...ownActs, ...actsAtStripe };

const names = Object.keys(acts);
const total = names.reduce((sum, name) => sum + (acts[name]?.weight ?? 0), 0);

/** The name of an act, the heavier the likelier. */
export function chooseAct(chance: Dice): string {
  let left = chance.next() * total;
  for (const name of names) {
    left -= acts[name]?.weight ?? 0;
    if (left < 0) return name;
  }
  return "useJobs";
}
