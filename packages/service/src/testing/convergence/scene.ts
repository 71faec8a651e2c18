import type Stripe from "stripe";
import type { StripeBench } from "../stripe-bench.ts";
import type { Dice } from "./dice.ts";
import type { Life } from "./life.ts";

/** What an act has to go by. */
export interface Scene {
  bench: StripeBench;
  life: Life;
  chance: Dice;
  /** The id of the newest price of a plan. */
  price(plan: string, role: "plan" | "seat", interval?: "month" | "year"): string;
  /** A price that no plan knows. */
  strangePrice: string;
}

/** Something that somebody does to an organization, or to its customer at Stripe. Refused is a way to end too. */
export interface Act {
  weight: number;
  /** Left out while the customer has no subscription that runs (`live`), or has one (`none`). */
  when: "live" | "none" | "any";
  /** Begins a subscription. */
  begins?: true;
  /** It is done by way of Stripe: afterwards the organization stands where Stripe says, whether a webhook came or not. */
  asks?: true;
  run(scene: Scene): Promise<unknown>;
}

/** The plans that cost something. */
export const paidPlans = ["solo", "studio", "quick", "crew", "taste"];

const over = ["canceled", "incomplete_expired"];

/** The newest subscription that has not ended, as Stripe's last word on it has it. */
export function liveOf({ subscriptions }: Life): Stripe.Subscription | undefined {
  return [...subscriptions.values()].filter(({ status }) => !over.includes(status)).at(-1);
}

export function subscriptionOf({ life }: Scene): Stripe.Subscription {
  const found = liveOf(life);
  if (found === undefined) throw new Error("no subscription runs");
  return found;
}

export function itemOf(scene: Scene, role: "plan" | "seat"): Stripe.SubscriptionItem | undefined {
  return subscriptionOf(scene).items.data.find(({ price }) => price.metadata.headroom_role === role);
}
