import { forEachAtOnce } from "../../at-once.ts";
import { pushPlans } from "../../plans.ts";
import { isCustomerEvent } from "../../stripe/event-types.ts";
import { createStripeBench, type StripeBench } from "../stripe-bench.ts";
import { actOut } from "./acting.ts";
import { openCatalogue, openEvents, type Told } from "./dashboard.ts";
import { dice } from "./dice.ts";
import { end } from "./endings.ts";
import { compareAt, type Failure, findings } from "./findings.ts";
import { beginLife, type Life, openInbox, post, receive } from "./life.ts";
import { withLives, withSecondSolo } from "./plans.ts";
import { makeStrangePrice, pricesOf } from "./prices.ts";
import { applyAll, sweep, work } from "./upkeep.ts";

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
    await forEachAtOnce(lives, atOnce, (life) =>
      receive({ bench, inbox }, life, round, life.weather.stall === waits.length - round),
    );
    if (!faithful) return;
    await applyAll(bench);
    await forEachAtOnce(lives, atOnce, (life) => compareAt(bench, life, round));
  }
  for (const [round, wait] of waits.entries()) {
    if (round === secondEdition) {
      const configuration = withSecondSolo(bench.configuration);
      await pushPlans({ ...bench.worker, configuration }, { dryRun: false });
      prices = await pricesOf(bench);
      await catalogue.read();
    }
    await forEachAtOnce(
      seeds.filter((seed) => startOf(seed) === round),
      atOnce,
      async (seed) => {
        lives.push(await beginLife(bench, seed, { planOf: catalogue.planOf, faithful }));
      },
    );
    const own = ({ seed }: Life) => ({ round: round - startOf(seed), last: hours.length - startOf(seed) });
    // What time has brought is told by itself, so that nothing else heals what an act's own webhooks do not tell.
    if (faithful) await deliver(round);
    await forEachAtOnce(lives, atOnce, (life) =>
      actOut({ bench, life, strangePrice, price: prices }, own(life), without),
    );
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
  await forEachAtOnce(lives, atOnce, (life) => end(bench, inbox, life));
  await sweep(bench);
  await forEachAtOnce(lives, atOnce, async ({ wake }) => {
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
