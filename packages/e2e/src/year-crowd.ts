import { isHeadroomError } from "@headroom/client";
import Stripe from "stripe";
import { createDice, type Dice } from "./dice.ts";
import type { openYear, Subject } from "./year-life.ts";

/** An organization of many, which does what the dice have it do, and nobody waits for what comes of it. */
export interface Citizen extends Subject {
  name: string;
  /** Units that were allowed and not taken back. */
  used: number;
  /** What can still be taken back. */
  taken: { key: string; quantity: number }[];
  joined: number;
}

type Year = ReturnType<typeof openYear>;

interface Scene {
  year: Year;
  citizen: Citizen;
  dice: Dice;
  /** A name for things of this act alone. */
  place: string;
}

const plans = ["team", "business", "studio", "agency"] as const;
const cards = ["pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail"] as const;
/** Small and far above what any plan includes. */
const quantities = [3, 40, 90, 300, 1_200] as const;

const acts: Record<string, (scene: Scene) => Promise<unknown>> = {
  buy: ({ year, citizen, dice }) => year.buy(citizen, dice.pick(plans), dice.pick(["month", "year"])),
  use: async ({ citizen, dice, place }) => {
    const [key, quantity] = [place, dice.pick(quantities)];
    const answer = await citizen.backEnd.usage.consume.mutate({
      meter: "jobs",
      quantity,
      idempotencyKey: key,
    });
    if (!answer.allowed) return;
    citizen.used += quantity;
    citizen.taken.push({ key, quantity });
  },
  takeBack: async ({ citizen, dice }) => {
    const one = citizen.taken.at(dice.below(Math.max(1, citizen.taken.length)));
    if (one === undefined) return;
    // What is refused (its period was closed too long ago) is not asked for again.
    citizen.taken = citizen.taken.filter((other) => other !== one);
    await citizen.backEnd.usage.void.mutate({ meter: "jobs", idempotencyKey: one.key });
    citizen.used -= one.quantity;
  },
  changePlan: ({ citizen: { owner, organizationId }, dice }) =>
    owner.billing.changePlan.mutate({ organizationId, planId: dice.pick(plans) }),
  leavePaid: ({ citizen: { owner, organizationId } }) =>
    owner.billing.changePlan.mutate({ organizationId, planId: "free" }),
  setSeats: ({ citizen: { owner, organizationId }, dice }) =>
    owner.billing.setSeats.mutate({ organizationId, seats: dice.below(20) }),
  join: async ({ year, citizen, dice }) => {
    const from = citizen.joined;
    citizen.joined += 1 + dice.below(3);
    await year.join(
      citizen,
      Array.from({ length: citizen.joined - from }, (_, index) => `${citizen.name}m${from + index}`),
    );
  },
  leave: async ({ citizen: { owner, organizationId } }) => {
    const { members } = await owner.members.list.query({ organizationId, limit: 10 });
    for (const { id: userId } of members.filter(({ role }) => role === "member").slice(0, 2)) {
      await owner.members.remove.mutate({ organizationId, userId });
    }
  },
  cancel: ({ citizen: { owner, organizationId }, dice }) =>
    owner.billing.cancel.mutate({ organizationId, when: dice.chance(0.3) ? "now" : "period_end" }),
  resume: ({ citizen: { owner, organizationId } }) => owner.billing.resume.mutate({ organizationId }),
  card: ({ year, citizen, dice }) => year.payWith(citizen, dice.pick(cards)),
};

/** How often each is drawn. Without a subscription most of them are refused, and buying one with it. */
const drawn = [
  ...["buy", "buy", "buy", "use", "use", "use", "use", "use", "takeBack", "changePlan", "changePlan"],
  ...["leavePaid", "setSeats", "setSeats", "join", "join", "leave", "cancel", "resume", "card", "card"],
];

/** One organization does something; a seed and a round decide what. Answers the act's name, and whether it was done. */
export async function act(
  year: Year,
  citizen: Citizen,
  seed: number,
  round: number,
): Promise<{ name: string; done: boolean }> {
  const place = `${citizen.name} ${round}`;
  const dice = createDice(`${seed} ${place}`);
  const name = round === 0 ? "buy" : dice.pick(drawn);
  try {
    await acts[name]?.({ year, citizen, dice, place });
    return { name, done: true };
  } catch (error) {
    if (!isRefusal(error)) throw new Error(`${place} ${name}`, { cause: error });
    return { name, done: false };
  }
}

/** No is an answer; that something is broken is none. */
function isRefusal(error: unknown): boolean {
  if (isHeadroomError(error)) return error.data.reason !== "internal";
  // Stripe fails on purpose here, but for the sandbox itself.
  if (error instanceof Stripe.errors.StripeError) return !error.message.includes("sandbox failed");
  return error instanceof Error && /no subscription|no customer|answered 4\d\d/.test(error.message);
}

/** Does the work for every item, some at once. */
export async function forEach<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  const one = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}
