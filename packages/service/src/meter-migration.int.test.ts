import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { settlePushes } from "./meter-reconciliation.ts";
import { reconcileOverage } from "./overage-reconciliation.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { changePlan } from "./plan-changes.ts";
import { type MigrationInput, migratePlan } from "./plan-migration.ts";
import { pushPlans } from "./plans.ts";
import { byMeter, chargedTo } from "./testing/meter-plans.ts";
import { createOverageBench, type OverageBench, type Subscriber } from "./testing/overage-bench.ts";

let bench: OverageBench;
let acme: Subscriber;
let version = 1;
beforeAll(async () => {
  bench = await createOverageBench({ settling: false, configure: byMeter });
});
beforeEach(async () => {
  acme = await bench.subscriber();
});
afterAll(() => bench?.close());

const operator = { kind: "operator", name: "kim" } as const;
const migrate = (more: Partial<MigrationInput> = {}) =>
  migratePlan(bench.worker, {
    planId: "pro",
    at: "now",
    dryRun: false,
    operator,
    organizationId: acme.id,
    ...more,
  });
const outcomeOf = async (more?: Partial<MigrationInput>) =>
  (await migrate(more)).organizations.map(({ outcome, reason }) => [outcome, reason]);

/** A next version of pro; its overage at another price, or none. */
async function push(unitPrice: string | null): Promise<void> {
  const { configuration } = bench.worker;
  const { pro } = configuration.plans;
  const { jobs } = pro?.meters ?? {};
  if (pro === undefined || jobs?.overage == null) throw new Error("the shipped plan sells overage");
  const overage = unitPrice === null ? null : { ...jobs.overage, unitPrice };
  const plan = { ...pro, meters: { ...pro.meters, jobs: { ...jobs, overage } } };
  const plans = { ...configuration.plans, pro: plan };
  await pushPlans({ ...bench.worker, configuration: { ...configuration, plans } }, { dryRun: false });
  version += 1;
}

const items = async () =>
  (await bench.stripe.subscriptions.retrieve(acme.subscriptionId)).items.data
    .map(({ price }) => `${price.metadata.headroom_role} v${price.metadata.headroom_plan_version}`)
    .sort();

async function turn(): Promise<void> {
  const { items: data } = await bench.stripe.subscriptions.retrieve(acme.subscriptionId);
  await bench.advanceTo((data.data[0]?.current_period_end ?? 0) + 60);
  await bench.deliver();
  await bench.work();
}

const charged = () => chargedTo(bench, acme.customerId);
const pushes = () =>
  bench.rows(
    "select state, value::int, counted::int from headroom.usage_push where organization_id = $1 order by period_end",
    acme.id,
  );

test("a version's metered price comes along, in one call, and bills the period that it rates", async () => {
  const from = version;
  expect(await items()).toEqual([`overage:jobs v${from}`, `plan v${from}`]);
  await acme.take(120);
  await push("5");
  expect(await outcomeOf({ dryRun: true })).toEqual([["moved", null]]);
  expect(await items()).toEqual([`overage:jobs v${from}`, `plan v${from}`]);
  expect(await outcomeOf()).toEqual([["moved", null]]);
  expect(await items()).toEqual([`overage:jobs v${version}`, `plan v${version}`]);
  await turn();
  expect(await pushes()).toEqual([{ state: "sent", value: 20, counted: null }]);
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 100, status: "paid" }]);
}, 60_000);

test("with the period's end: the old version rates it, and is billed by an invoice item; the next by the new price", async () => {
  await acme.take(120);
  await push("7");
  expect(await outcomeOf({ at: "period_end" })).toEqual([["scheduled", null]]);
  expect(await items()).toEqual([`overage:jobs v${version}`, `plan v${version}`]);
  await turn();
  await bench.advance("PT2H");
  expect(await charged()).toEqual([{ total: 100, status: "paid" }]);
  expect(await pushes()).toEqual([]);
  await acme.take(110);
  await turn();
  await bench.advance("PT2H");
  expect(await pushes()).toEqual([{ state: "sent", value: 10, counted: null }]);
  expect(await charged()).toEqual([
    { total: 100, status: "paid" },
    { total: 70, status: "paid" },
  ]);
}, 60_000);

test("while a draft counts what the meter was told, nobody is moved; then they are, and it is billed once", async () => {
  await acme.take(120);
  await turn();
  expect(await pushes()).toEqual([{ state: "sent", value: 20, counted: null }]);
  const before = await items();
  await push("9");
  expect(await outcomeOf()).toEqual([["skipped", "usage_unbilled"]]);
  expect(await items()).toEqual(before);
  await bench.advance("PT2H");
  expect(await outcomeOf()).toEqual([["moved", null]]);
  expect(await pushes()).toEqual([{ state: "sent", value: 20, counted: 20 }]);
  expect(await items()).toEqual([`overage:jobs v${version}`, `plan v${version}`]);
  expect(await charged()).toEqual([{ total: 140, status: "paid" }]);
}, 60_000);

test("a plan that is changed while the draft counts is billed for both periods, each once", async () => {
  await push("2.5");
  await outcomeOf();
  await acme.take(120);
  await turn();
  expect(await pushes()).toEqual([{ state: "sent", value: 20, counted: null }]);
  await changePlan(bench.api, await acme.access("billing.manage"), { planId: "max" });
  expect((await items()).filter((item) => item.startsWith("overage:"))).toHaveLength(1);
  await bench.advance("PT2H");
  await bench.work();
  await acme.take(140);
  await turn();
  await bench.advance("PT2H");
  const total = (await charged()).reduce((sum, one) => sum + one.total, 0);
  const ledger = await acme.ledger();
  expect(ledger.map(({ quantity }) => quantity)).toEqual([20, 40]);
  expect(ledger.reduce((sum, { amount }) => sum + amount, 0)).toBe(100);
  expect(total).toBe(100);
}, 60_000);

test.each(["before", "after"] as const)(
  "a plan that is changed %s the period was closed, on a draft that was told nothing yet: billed once, by its own terms",
  async (when) => {
    await acme.take(120);
    const { items: data } = await bench.stripe.subscriptions.retrieve(acme.subscriptionId);
    await bench.advanceTo((data.data[0]?.current_period_end ?? 0) + 60);
    if (when === "after") await closeDuePeriods(bench.worker);
    const before = await items();
    await changePlan(bench.api, await acme.access("billing.manage"), { planId: "max" });
    // What the draft has a line of is gone from the subscription: nothing may be told for it any more.
    expect(await items()).not.toEqual(before);
    await bench.deliver();
    await bench.work();
    await bench.advance("PT3H");
    await bench.work();
    await acme.take(140);
    await turn();
    await bench.advance("PT3H");
    await settlePushes(bench.worker);
    await bench.work();
    const ledger = await acme.ledger();
    expect(ledger.map(({ quantity, amount }) => [quantity, amount])).toEqual([
      [20, 50],
      [40, 50],
    ]);
    expect((await charged()).reduce((sum, one) => sum + one.total, 0)).toBe(100);
    const found = await reconcileOverage(bench.worker, { organizationId: acme.id });
    expect(found.differences).toEqual([]);
  },
  60_000,
);

test("to a version that sells no overage of the meter: its item goes, what was used before is what the version says", async () => {
  await acme.take(120);
  await push(null);
  expect(await outcomeOf()).toEqual([["moved", null]]);
  expect(await items()).toEqual([`plan v${version}`]);
  await turn();
  await bench.advance("PT2H");
  expect(await charged()).toEqual([]);
  expect(await pushes()).toEqual([]);
}, 60_000);
