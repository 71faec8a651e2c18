import { sweepCustomers } from "../../customer-sweeps.ts";
import { sweepInbox } from "../../customer-sync.ts";
import { closeDuePeriods, reportOverage } from "../../overage-reporting.ts";
import { pushPlans } from "../../plans.ts";
import { syncSeats } from "../../seat-sync.ts";
import { isCustomerEvent } from "../../stripe/event-types.ts";
import { receiveEvent } from "../../stripe/events.ts";
import { createStripeBench, type StripeBench } from "../stripe-bench.ts";
import { actOut } from "./acting.ts";
import { compare, compareState } from "./comparison.ts";
import { openCatalogue, openEvents, type Told } from "./dashboard.ts";
import { dice } from "./dice.ts";
import { beginLife, type Inbox, type Life, openInbox, post, receive } from "./life.ts";
import { unitTenths } from "./oracle.ts";
import { withLives, withSecondSolo } from "./plans.ts";
import { recount } from "./recount.ts";
import type { Scene } from "./scene.ts";

/** A seed whose organization does not stand where Stripe says. */
export interface Failure {
  seed: number;
  differences: string[];
  story: readonly string[];
}

/** What came of some lives. */
export interface Lived {
  failures: Failure[];
  /** The acts that were done and not refused, by name, and by name with what came of them. */
  done: Set<string>;
}

/** Hours to the next round: trials, renewals, attempts to be paid, the end of grace and of patience lie between. */
const hours = [1, 47, 12 * 24, 17 * 24, 2, 3 * 24, 6 * 24, 8 * 24, 14 * 24, 31 * 24, 2];
/** The last wait: every customer is due for a sweep again. */
const lastHours = 25;
const waits = [...hours, lastHours];
/** The longest that Stripe's events lie unread: after a month it would have forgotten those of the first day. */
const mostUnread = 20 * 24;
/** The rounds of a life before the last, by its seed: what comes to an end does so before, while and after it is looked at. */
const lengths = [3, 5, 8, 11];
/** The round before which the configuration changes and is pushed: most lives are in the middle of themselves. */
const secondEdition = 7;
const atOnce = 8;

/**
 * Lets the organizations of some seeds live side by side in one database and one sandbox, and answers those that do not
 * stand where Stripe says in the end, and what was done. They begin one after the other and end together. A seed lives the
 * same life in any company. @param without numbers of acts that are left out, by their place in the seed's story.
 * @param how `faithful`: every webhook comes, in any order and some twice, before time goes on, and each time all of it
 * is applied they stand where Stripe says: no sweep compares them with it.
 */
export async function liveThrough(
  seeds: readonly number[],
  without: ReadonlySet<number> = new Set(),
  how: { faithful?: boolean } = {},
): Promise<Lived> {
  const stillAt = new Date("2030-01-05T00:00:00Z");
  const bench = await createStripeBench({ stillAt, settling: false, configure: withLives });
  try {
    return await live(bench, seeds, { without, faithful: how.faithful ?? false });
  } finally {
    await bench.close();
  }
}

/** The round of all in which a life begins. */
const startOf = (seed: number): number => hours.length - (lengths[seed % lengths.length] ?? 0);

async function live(
  bench: StripeBench,
  seeds: readonly number[],
  { without, faithful }: { without: ReadonlySet<number>; faithful: boolean },
): Promise<Lived> {
  const events = await openEvents(bench);
  const inbox = openInbox(bench);
  const catalogue = await openCatalogue(bench);
  const strangePrice = await makeStrangePrice(bench);
  const lives: Life[] = [];
  let prices = await pricesOf(bench);
  let told: Told[] = [];
  async function deliver(round: number): Promise<void> {
    postAll(lives, [...told, ...(await events())], round);
    told = [];
    await each(lives, (life) =>
      receive({ bench, inbox }, life, round, life.weather.stall === waits.length - round),
    );
    if (!faithful) return;
    await applyAll(bench);
    await each(lives, (life) => compareAt(bench, life, round));
  }
  for (const [round, wait] of waits.entries()) {
    if (round === secondEdition) {
      const configuration = withSecondSolo(bench.configuration);
      await pushPlans({ ...bench.worker, configuration }, { dryRun: false });
      prices = await pricesOf(bench);
      await catalogue.read();
    }
    await each(
      seeds.filter((seed) => startOf(seed) === round),
      async (seed) => {
        lives.push(await beginLife(bench, seed, { planOf: catalogue.planOf, faithful }));
      },
    );
    const own = ({ seed }: Life) => ({ round: round - startOf(seed), last: hours.length - startOf(seed) });
    // What time has brought is told by itself, so that nothing else heals what an act's own webhooks do not tell.
    if (faithful) await deliver(round);
    await each(lives, (life) => actOut({ bench, life, strangePrice, price: prices }, own(life), without));
    await deliver(round);
    await work(bench);
    for (let left = wait; left > 0; left -= mostUnread) {
      await bench.advance(`PT${Math.min(left, mostUnread)}H`);
      told.push(...(await events()));
    }
    await work(bench);
  }
  const done = new Set(lives.flatMap((life) => life.done));
  if (faithful) {
    const wrong = lives.filter((life) => life.wrong.length > 0);
    return {
      failures: wrong.map(({ seed, wrong: differences, story }) => ({ seed, differences, story })),
      done,
    };
  }
  postAll(
    lives.filter(({ weather }) => weather.lost === 0),
    [...told, ...(await events())],
    waits.length,
  );
  await each(lives, (life) => end(bench, inbox, life));
  await sweep(bench);
  await each(lives, async ({ wake }) => {
    await wake?.();
  });
  return { failures: (await findings(bench, lives)).sort((a, b) => a.seed - b.seed), done };
}

/** Stripe's webhooks to whom they are about. Of those that nobody acts on a part is enough: they are kept and ignored. */
function postAll(lives: readonly Life[], events: readonly Told[], round: number): void {
  const byCustomer = Map.groupBy(events, ({ snapshot }) => {
    const { id, customer } = snapshot.data.object as { id?: string; customer?: string };
    return customer ?? id;
  });
  for (const life of lives) {
    life.began = false;
    const chance = dice(life.seed, `webhooks of round ${round}`);
    const customers = [...life.formerCustomers, life.customerId];
    for (const told of customers.flatMap((id) => byCustomer.get(id) ?? [])) {
      if (isCustomerEvent(told.snapshot.type) || chance.chance(0.1)) post(life, told, round, chance);
    }
  }
}

/** What the worker does by itself, but for what waits in the inbox. */
async function work(bench: StripeBench): Promise<void> {
  await bench.rows(
    "update headroom.overage set next_attempt_at = now() where status in ('pending', 'metered')",
  );
  await closeDuePeriods(bench.worker);
  while ((await reportOverage(bench.worker)).sent > 0) {
    // A hundred at a time.
  }
}

/**
 * What is still on its way comes where nothing is lost: such a life owes nothing to the sweep. Of others only that a
 * subscription began: of whom a sweep does not look at the webhook must come, however late, or be found to be missing.
 */
async function end(bench: StripeBench, inbox: Inbox, life: Life): Promise<void> {
  if (life.weather.lost > 0) life.mailbox = life.mailbox.filter(tellsOfStart);
  if (life.mailbox.length > 0) await receive({ bench, inbox }, life, Infinity);
  await discover(bench, life);
}

const tellsOfStart = ({ event }: Life["mailbox"][number]) =>
  "type" in event && String(event.type).endsWith("customer.subscription.created");

/**
 * A sweep looks at customers that are new, that have a subscription or had one of late. In three months without one whatever
 * the others began is found by the backfill, or the customer is new to us.
 */
async function discover(bench: StripeBench, life: Life): Promise<void> {
  if (dice(life.seed, "backfill").chance(0.5)) {
    for (const event of life.missed) {
      await receiveEvent({ ...bench.worker, livemode: false }, event, null);
    }
  } else if (life.missed.length > 0) {
    await bench.rows(
      "update headroom.stripe_customer set created_at = headroom.clock_now() where customer_id = $1",
      life.customerId,
    );
  }
}

/** Whatever came is applied, and every customer is compared with Stripe. */
async function sweep(bench: StripeBench): Promise<void> {
  const { worker } = bench;
  const pace = { most: 10_000, forMs: 3_600_000, everyMs: 0 };
  await applyAll(bench);
  await sweepCustomers(worker, pace);
  for (let rounds = 0; rounds < 4; rounds += 1) {
    await bench.rows("update headroom.seat_target set not_before = null");
    await syncSeats(worker, { quietMs: 0, longestMs: 0 });
    await work(bench);
  }
}

/** Applies whatever has come. */
async function applyAll({ worker }: StripeBench): Promise<void> {
  while ((await sweepInbox(worker)).customers > 0) {
    // Fifty at a time.
  }
}

async function compareAt(bench: StripeBench, life: Life, round: number): Promise<void> {
  const { differences } = await compareState(bench, life);
  life.wrong.push(...differences.map((one) => `after the webhooks of round ${round} ${one}`));
}

/** Units at the price that all plans have, half a cent up. */
function centsOf(units: number): number {
  return Math.floor((units * unitTenths + 5) / 10);
}

async function findings(bench: StripeBench, lives: readonly Life[]): Promise<Failure[]> {
  const counted = await recount(bench, centsOf);
  const strange = counted.get("") ?? [];
  const drifts = await bench.rows(
    "select customer_id as id, drift from headroom.stripe_customer_sync where drift_count > 0",
  );
  const driftOf = new Map(drifts.map(({ id, drift }) => [id, JSON.stringify(drift)]));
  const failures: Failure[] = [];
  await each(lives, async (life) => {
    const differences = [
      ...life.wrong,
      ...(await compare(bench, life)),
      ...(counted.get(life.organizationId) ?? []),
    ];
    const drift = driftOf.get(life.customerId);
    if (life.weather.lost === 0 && drift) differences.push(`all events came, and the sweep found ${drift}`);
    if (life === lives[0]) differences.push(...strange);
    if (differences.length > 0) failures.push({ seed: life.seed, differences, story: life.story });
  });
  return failures;
}

async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

async function makeStrangePrice({ stripe }: StripeBench): Promise<string> {
  const { id: product } = await stripe.products.create({ name: "Something else" });
  const price = { product, currency: "usd", unit_amount: 100, recurring: { interval: "month" as const } };
  return (await stripe.prices.create(price)).id;
}

async function pricesOf({ rows }: StripeBench): Promise<Scene["price"]> {
  const found = await rows(
    `select distinct on (plan_id, role, billing_interval) plan_id, role, billing_interval, stripe_price_id as id
     from headroom.plan_price where stripe_price_id is not null
     order by plan_id, role, billing_interval, plan_version desc`,
  );
  const ids = new Map(
    found.map((one) => [`${one.plan_id} ${one.role} ${one.billing_interval}`, String(one.id)]),
  );
  return (plan, role, interval = "month") => ids.get(`${plan} ${role} ${interval}`) ?? "";
}
