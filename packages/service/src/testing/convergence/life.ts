import type Stripe from "stripe";
import type { Access } from "../../access.ts";
import { syncCustomer } from "../../customer-sync.ts";
import { ensureCustomer, requireStripe } from "../../customers.ts";
import { receiveEvent } from "../../stripe/events.ts";
import type { StripeBench } from "../stripe-bench.ts";
import { type Dice, dice } from "./dice.ts";

/** One organization that lives by a seed, with its mailbox: the webhooks that Stripe has sent and that come as they like. */
export interface Life {
  seed: number;
  organizationId: string;
  customerId: string;
  access: Access;
  credential: Buffer;
  /** What it chose for itself, which Stripe does not know. */
  base: string;
  maxOverage: number | null;
  /** Its usage events that can still be taken back. */
  used: string[];
  /** Members beside the owner. */
  others: string[];
  /** Stripe's subscriptions, as the newest events and answers show them. */
  subscriptions: Map<string, Stripe.Subscription>;
  /** A subscription began in this round: one more of the same second would make chance the judge between them. */
  began: boolean;
  /** Subscriptions' starts that no webhook brings: what a backfill finds. */
  missed: Stripe.Event[];
  mailbox: { event: Stripe.Event; round: number }[];
  weather: Weather;
  /** What was done and what came of it, in order. */
  story: string[];
}

/** How badly webhooks come, one life through. */
interface Weather {
  lost: number;
  delayed: number;
  doubled: number;
  /** How often an event is applied at once, and how often a round's are at its end. */
  applied: number;
  swept: number;
}

export async function beginLife(bench: StripeBench, seed: number): Promise<Life> {
  const { id: organizationId, access } = await bench.organization();
  const chance = dice(seed, "weather");
  return {
    seed,
    organizationId,
    customerId: await ensureCustomer(requireStripe(bench.api), organizationId),
    access: await access("billing.manage"),
    credential: await bench.make.key(organizationId),
    base: "free",
    maxOverage: null,
    used: [],
    others: [],
    subscriptions: new Map(),
    began: false,
    missed: [],
    mailbox: [],
    weather: {
      lost: chance.pick([0, 0.1, 0.4, 0.8, 1]),
      delayed: chance.pick([0, 0.3, 0.8]),
      doubled: chance.pick([0, 0.1, 0.3]),
      applied: chance.pick([0, 0.1, 0.25]),
      swept: chance.pick([0, 0.3, 0.8]),
    },
    story: [],
  };
}

/** Puts an event into the mailbox as often and as late as the dice have it, or never. */
export function post(life: Life, event: Stripe.Event, round: number, chance: Dice): void {
  note(life, event.data.object);
  const { lost, delayed, doubled } = life.weather;
  if (chance.chance(lost)) {
    if (event.type === "customer.subscription.created") life.missed.push(event);
    return;
  }
  do {
    const late = chance.chance(delayed) ? chance.between(1, 4) : 0;
    life.mailbox.push({ event, round: round + late });
  } while (chance.chance(doubled));
}

/** What an event or an answer shows of a subscription is what there is until the next. */
export function note(life: Life, object: object): void {
  if ("object" in object && object.object === "subscription") {
    const subscription = object as Stripe.Subscription;
    life.subscriptions.set(subscription.id, subscription);
  }
}

/** Hands what is due to the product's reception in any order, and applies some of it. */
export async function receive(bench: StripeBench, life: Life, round: number): Promise<void> {
  const chance = dice(life.seed, `post of round ${round}`);
  const due = chance.shuffle(life.mailbox.filter((mail) => mail.round <= round));
  life.mailbox = life.mailbox.filter((mail) => mail.round > round);
  const context = chance.chance(0.8) ? bench.webhook : bench.worker;
  const sync = () => syncCustomer(context, life.customerId);
  for (const { event } of due) {
    await receiveEvent({ ...bench.webhook, livemode: false }, event, 0);
    if (chance.chance(life.weather.applied)) {
      await (chance.chance(0.2) ? Promise.all([sync(), sync()]) : sync());
    }
  }
  if (chance.chance(life.weather.swept)) await sync();
}
