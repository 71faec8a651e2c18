import type Stripe from "stripe";
import type { Access } from "../../access.ts";
import { syncCustomer } from "../../customer-sync.ts";
import { ensureCustomer } from "../../customers.ts";
import { receiveBody } from "../../stripe/events.ts";
import { createInboxLane } from "../../stripe/inbox-lane.ts";
import { requireStripe } from "../../stripe/requirements.ts";
import { resolveThinEvents } from "../../thin-events.ts";
import type { StripeBench } from "../stripe-bench.ts";
import type { Told } from "./dashboard.ts";
import { type Dice, dice } from "./dice.ts";

/** One organization that lives by a seed, with its mailbox: the webhooks that Stripe has sent and that come as they like. */
export interface Life {
  seed: number;
  organizationId: string;
  customerId: string;
  /** Customers of the organization before this one, who were deleted at Stripe. */
  formerCustomers: string[];
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
  /** Stripe has deleted the customer. */
  gone: boolean;
  /** Subscriptions' starts that no webhook brings: what a backfill finds. */
  missed: Stripe.Event[];
  mailbox: Mail[];
  /** Every webhook comes before time goes on. Plans are made at Stripe again and again: only webhooks of their own tell of those. */
  faithful: boolean;
  weather: Weather;
  /** Lets the process go on that has stood still since Stripe answered it. */
  wake: (() => Promise<unknown>) | null;
  /** As in the oracle's view. */
  planOf(priceId: string): string | undefined;
  /** What went wrong on the way. */
  wrong: string[];
  /** What was done and what came of it, in order. */
  story: string[];
  /** What was done and not refused. */
  done: string[];
}

interface Mail {
  event: object;
  round: number;
}

/** How badly webhooks come, one life through. */
interface Weather {
  /** Which of both kinds of events come. */
  styles: readonly ("snapshot" | "thin")[];
  /** How often an event comes as one of the other mode first. */
  wrongMode: number;
  /** The round of its last four in which a process stands still in the middle, counted from the end; 0: none does. */
  stall: number;
  lost: number;
  delayed: number;
  doubled: number;
  /** How often an event is applied at once, and how often a round's are at its end. */
  applied: number;
  swept: number;
}

const plain = ["snapshot"] as const;
const styles = [plain, plain, plain, plain, ["thin"], ["snapshot", "thin"]] as const;

export async function beginLife(
  bench: StripeBench,
  seed: number,
  { planOf, faithful }: Pick<Life, "planOf" | "faithful">,
): Promise<Life> {
  const { id: organizationId, access } = await bench.organization();
  const chance = dice(seed, "weather");
  return {
    seed,
    organizationId,
    customerId: await ensureCustomer(requireStripe(bench.api), organizationId),
    formerCustomers: [],
    access: await access("billing.manage"),
    credential: await bench.make.key(organizationId),
    base: "free",
    maxOverage: null,
    used: [],
    others: [],
    subscriptions: new Map(),
    began: false,
    gone: false,
    missed: [],
    mailbox: [],
    faithful,
    weather: {
      lost: chance.pick([0, 0.1, 0.4, 0.8, 1]),
      delayed: chance.pick([0, 0.3, 0.8]),
      doubled: chance.pick([0, 0.1, 0.3]),
      applied: chance.pick([0, 0.1, 0.25]),
      swept: chance.pick([0, 0.3, 0.8]),
      styles: chance.pick(styles),
      wrongMode: chance.pick([0, 0, 0.2]),
      stall: chance.chance(0.1) ? chance.between(1, 4) : 0,
      ...(faithful ? { lost: 0, delayed: 0, stall: 0 } : {}),
    },
    wake: null,
    planOf,
    wrong: [],
    story: [],
    done: [],
  };
}

/** After the customer was deleted: a checkout may have made another. */
export async function meetCustomer({ rows }: StripeBench, life: Life): Promise<void> {
  const [row] = await rows(
    "select customer_id as id from headroom.stripe_customer where organization_id = $1 and deleted_at is null",
    life.organizationId,
  );
  if (row === undefined || row.id === life.customerId) return;
  life.formerCustomers.push(life.customerId);
  life.customerId = String(row.id);
  life.gone = false;
}

/** Puts an event into the mailbox, in each of its kinds, as often and as late as the dice have it, or never. */
export function post(life: Life, { snapshot, thin }: Told, round: number, chance: Dice): void {
  note(life, snapshot.data.object);
  const { lost, delayed, doubled, styles, wrongMode } = life.weather;
  const late = () => round + (chance.chance(delayed) ? chance.between(1, 4) : 0);
  let comes = false;
  for (const event of styles.map((style) => (style === "thin" ? thin : snapshot))) {
    if (event === null || chance.chance(lost)) continue;
    comes = true;
    if (chance.chance(wrongMode)) life.mailbox.push({ event: { ...event, livemode: true }, round });
    do {
      life.mailbox.push({ event, round: late() });
    } while (chance.chance(doubled));
  }
  if (!comes && snapshot.type === "customer.subscription.created") life.missed.push(snapshot);
}

/** What an event or an answer shows of a subscription is what there is until the next. */
export function note(life: Life, object: object): void {
  if ("object" in object && object.object === "subscription") {
    const subscription = object as Stripe.Subscription;
    life.subscriptions.set(subscription.id, subscription);
  }
}

/** The webhook app's reception: an event whose signature was checked. */
export type Inbox = (event: object) => Promise<unknown>;

export function openInbox({ webhook }: StripeBench): Inbox {
  const { keep } = createInboxLane(webhook.db);
  return (event) => {
    const text = JSON.stringify(event);
    return receiveBody({ livemode: false, log: webhook.log, keep }, { text, bytes: Buffer.from(text) }, 0);
  };
}

/** Hands what is due to the product's reception in any order, and applies some of it. @param stalls a process stands still */
export async function receive(
  { bench, inbox }: { bench: StripeBench; inbox: Inbox },
  life: Life,
  round: number,
  stalls = false,
): Promise<void> {
  const chance = dice(life.seed, `post of round ${round}`);
  const due = chance.shuffle(life.mailbox.filter((mail) => mail.round <= round));
  life.mailbox = life.mailbox.filter((mail) => mail.round > round);
  const context = chance.chance(0.8) ? bench.webhook : bench.worker;
  const sync = () => syncCustomer(context, life.customerId);
  let together: object[] = [];
  async function takeIn(): Promise<void> {
    const batch = together;
    together = [];
    await Promise.all(batch.map(inbox));
  }
  for (const { event } of due) {
    together.push(event);
    if (chance.chance(life.weather.applied)) {
      await takeIn();
      if (life.weather.styles.includes("thin")) await resolveThinEvents(context);
      await (chance.chance(0.2) ? Promise.all([sync(), sync()]) : sync());
    }
  }
  await takeIn();
  if (stalls) await stall(bench, life);
  else if (chance.chance(life.weather.swept)) await sync();
}

/** A process asks Stripe, gets its answer, and stands still until the life is over. Its lease is over long before. */
async function stall({ webhook, rows }: StripeBench, life: Life): Promise<void> {
  const { stripe } = requireStripe(webhook);
  const answered = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  const fetchCustomer = async (id: string) => {
    const state = await stripe.fetchCustomer(id);
    answered.resolve();
    await goesOn.promise;
    return state;
  };
  const sync = syncCustomer({ ...webhook, stripe: { ...stripe, fetchCustomer } }, life.customerId);
  await Promise.race([answered.promise, sync]);
  await rows(
    "update headroom.stripe_customer_sync set lease_token = null, lease_until = null where customer_id = $1",
    life.customerId,
  );
  life.wake = () => {
    goesOn.resolve();
    return sync;
  };
}
