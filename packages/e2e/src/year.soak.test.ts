import { randomInt } from "node:crypto";
import path from "node:path";
import process from "node:process";
import { recount } from "@headroom/service/testing/convergence/recount";
import {
  endDeliveryProgram,
  type ProgramRequest,
  setDeliveryProgram,
} from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createDice } from "./dice.ts";
import { until } from "./people.ts";
import { type Stack, startStack } from "./stack.ts";
import { act, type Citizen, forEach } from "./year-crowd.ts";
import { findDoubles, watchEffects } from "./year-effects.ts";
import { recordHistory } from "./year-history.ts";
import { startKills } from "./year-kills.ts";
import { openYear } from "./year-life.ts";
import { asSuperuser, asWorker, operate, untilSettled } from "./year-operator.ts";
import { overageCents } from "./year-oracle.ts";
import { membersIncluded, monthly, sold, yearly } from "./year-prices.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** How many organizations live through the year, and how many months it has. */
    yearOrganizations: number;
    yearMonths: number;
  }
}

const organizations = Number(process.env.YEAR_ORGANIZATIONS ?? inject("yearOrganizations"));
const months = Number(process.env.YEAR_MONTHS ?? inject("yearMonths"));
const seed = Number(process.env.YEAR_SEED ?? randomInt(1_000_000));
const day = 86_400;
const hour = 3_600;
const roundsAMonth = 5;
const atOnce = 8;
const requestsBetweenKills = Math.min(600, 20 + organizations);
/** The share of the calls for money whose answer never comes. */
const lost = Number(process.env.YEAR_LOST ?? 0.01);
/** Some four times what two cores need for an organization's month, and the sweeps after it. */
const patienceMs = 900_000 + organizations * (months * 2_000 + 4_000);
let stack: Stack;

beforeAll(async () => {
  const configuration = path.join(import.meta.dirname, "year-plans.config.ts");
  const dataDirectory = process.env.YEAR_DATA;
  stack = await startStack({
    args: ["--config", configuration],
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
  });
});
afterAll(() => stack?.stop());

const say = (line: string) => process.stdout.write(`year, seed ${seed}: ${line}\n`);

const weather: ProgramRequest = {
  seed,
  retry: "virtual",
  // The clock of many organizations would stop at each second else.
  roundTo: "2h",
  atOnce: 8,
  duplicate: { probability: 0.15 },
  delay: { probability: 0.1, min: "1 min", max: "2 days" },
  reorder: { probability: 0.3, window: 5 },
  drop: { probability: 0.05 },
  wrongMode: { probability: 0.02, attempts: 1 },
  staleSignature: { probability: 0.05, attempts: 1 },
  badSignature: { probability: 0.05, attempts: 2 },
  secondSecret: { probability: 0.1 },
  truncate: { probability: 0.05, attempts: 1 },
  faults: [
    // First what a worker does for money and is never told, which is more than what it tries again by itself.
    { kind: "hang_after_commit", method: "POST", path: "/v1/invoiceitems$", probability: lost },
    { kind: "hang_after_commit", method: "POST", path: "/v1/invoices$", probability: lost },
    { kind: "hang_after_commit", method: "POST", path: "/v1/subscriptions/*", probability: lost / 10 },
    { kind: "reset_after_commit", method: "POST", probability: 0.01 },
    { kind: "status_after_commit", method: "POST", status: 500, probability: 0.005 },
    { kind: "status", method: "POST", status: 500, probability: 0.005 },
    { kind: "status_kept", method: "POST", status: 500, probability: 0.002 },
    { kind: "status", status: 429, probability: 0.0005 },
    { kind: "reset", probability: 0.002 },
  ],
};

test(
  `${organizations} organizations, ${months} months of webhooks that go wrong and kills: every line of every invoice is the ledger's and the recount's, and no call for money took effect twice`,
  async () => {
    const year = openYear(stack.ready);
    const sandbox = stack.ready.stripe ?? "";
    const citizens: Citizen[] = [];
    await forEach([...Array(organizations).keys()], atOnce, async (number) => {
      const name = `year${number}`;
      citizens.push({ ...(await year.found(name)), name, used: 0, taken: [], joined: 0 });
    });
    // Nothing of this kills a database, whose promises would cost half of the time.
    await asSuperuser(stack, "alter system set synchronous_commit = off");
    await asSuperuser(stack, "select pg_reload_conf()");
    say(`founded, ${Math.round(performance.now() / 1000)} s`);
    await setDeliveryProgram(sandbox, weather);
    const dice = createDice(`year ${seed}`);
    const kills = startKills(stack, createDice(`kills ${seed}`), requestsBetweenKills);
    const effects = watchEffects(sandbox, kills.asked);
    const history = recordHistory(year.stripe);

    // The clock stops where seats or a draft wait for a worker that has just been killed: it is asked again.
    const advanceTo = (seconds: number) =>
      until(
        () =>
          year.advanceTo(seconds, "10 min").then(
            () => "there",
            (error: Error) => error.message,
          ),
        (answer) => answer === "there",
        1_200,
      );

    const done = new Map<string, number>();
    let now = await year.clock();
    const end = now + months * 30 * day;
    for (let round = 0; now < end; round += 1) {
      await forEach(citizens, atOnce, async (citizen) => {
        const what = await act(year, citizen, seed, round);
        const name = what.done ? what.name : "(refused)";
        done.set(name, (done.get(name) ?? 0) + 1);
      });
      const step = Math.floor((30 * day) / roundsAMonth / 2);
      now = Math.max(now, await year.clock()) + step + dice.below(step * 2);
      // Day by day: a request that is under way for five minutes is given up.
      for (let at = await year.clock(); at < now; ) {
        at = Math.min(now, at + day);
        await advanceTo(at);
      }
      await history.read();
      say(
        `round ${round}, ${Math.round((end - now) / day)} days left, ${JSON.stringify(kills.count())}, ${effects.requests()} requests, ${effects.count()} effects, ${Math.round(performance.now() / 1000)} s`,
      );
    }
    kills.stop();
    await endDeliveryProgram(sandbox);
    say(`${JSON.stringify(Object.fromEntries(done))}, ${Math.round(performance.now() / 1000)} s`);

    // What nobody brought is found by a backfill and by the sweeps of a day, and what is still to be billed is billed then.
    await operate(stack, "stripe", "backfill");
    await advanceTo((await year.clock()) + 26 * hour);
    await untilSettled(stack, 120);
    await until(unswept, (customers) => customers === 0, 300 + organizations);
    await advanceTo((await year.clock()) + 26 * hour);
    await untilSettled(stack, 120);
    await effects.stop();
    await history.read();

    const rows = (statement: string, ...values: unknown[]) =>
      asSuperuser<Record<string, unknown>>(stack, statement, values);
    const prices = { ...monthly, ...yearly };
    const cents = (units: number, plan: string) => overageCents(prices[plan]?.unitMillicents ?? 0, units);
    const counted = await recount({ rows, stripe: year.stripe }, cents);
    expect.soft(Object.fromEntries(counted)).toEqual({});
    expect.soft(await history.differences(sold)).toEqual({});
    const members = await rows(
      `select s.stripe_subscription_id as id, count(*)::int as many from headroom.subscription s
       join headroom.membership m using (organization_id) where s.stripe_subscription_id is not null group by 1`,
    );
    const counts = new Map(members.map(({ id, many }) => [String(id), Number(many)]));
    expect.soft(history.strangeSeats(counts, membersIncluded)).toEqual([]);
    expect.soft(await findDoubles(year.stripe)).toEqual([]);
    expect.soft(effects.twice()).toEqual([]);
    const [used] = await rows("select coalesce(sum(quantity), 0)::int as units from headroom.usage_event");
    expect.soft(used).toEqual({ units: citizens.reduce((sum, citizen) => sum + citizen.used, 0) });
    expect.soft((await operate(stack, "usage", "verify")).mismatches).toEqual([]);
    expect.soft((await operate(stack, "stripe", "reconcile")).differences).toEqual([]);
    const ledger = await rows(
      "select status, count(*)::int as many from headroom.overage group by 1 order by 1",
    );
    say(
      `${JSON.stringify({ ledger, ...history.count() })}, ${effects.count()} effects, killed ${JSON.stringify(kills.count())}, spoiled ${JSON.stringify(effects.spoiled())}`,
    );
    expect(ledger.filter(({ status }) => status === "sent")).not.toEqual([]);
    expect(Math.min(...Object.values(kills.count()))).toBeGreaterThan(0);
  },
  patienceMs,
);

/** Customers whose comparison with Stripe is due. */
async function unswept(): Promise<number> {
  const [row] = await asWorker<{ many: number }>(
    stack,
    "select count(*)::int as many from headroom.due_customer_sweeps(1000000)",
  );
  return row?.many ?? 0;
}
