import { afterEach, beforeEach, expect, test } from "vitest";
import {
  lastReconciliation,
  noteReconciliation,
  type OverageDifference,
  reconcileOverage,
} from "./overage-reconciliation.ts";
import { createOverageBench, type OverageBench, type Subscriber } from "./testing/overage-bench.ts";

let bench: OverageBench;
let acme: Subscriber;
afterEach(() => bench?.close());

// One month of usage, billed and paid.
beforeEach(async () => {
  bench = await createOverageBench();
  acme = await bench.subscriber();
  await acme.take(120);
  await bench.advance("P1MT4H");
  await bench.work();
  expect(await acme.billed()).toMatchObject([{ quantity: 20, amount: 50 }]);
}, 60_000);

const compare = (more: { repair?: boolean; dryRun?: boolean; since?: Date } = {}) =>
  reconcileOverage(bench.worker, { organizationId: acme.id, ...more });
const kindsOf = (differences: OverageDifference[]) => differences.map(({ kind }) => kind);
const itemOf = async () => {
  const { data } = await bench.stripe.invoiceItems.list({ customer: acme.customerId, limit: 100 });
  const item = data.find(({ metadata }) => metadata?.headroom_overage !== undefined);
  if (!item) {
    throw new Error("no item");
  }
  return item;
};
const ours = (sql: string) => bench.rows(sql, acme.id);

test("what was billed agrees", async () => {
  const told = await compare();
  expect(told).toMatchObject({ organizations: 1, rows: 1, differences: [], repaired: [] });
  expect(told.periods).toBe(1);
  expect(await compare({ since: new Date("2100-01-01") })).toMatchObject({ periods: 0, rows: 0 });
}, 60_000);

test("a total that is not its recount is told, and never repaired", async () => {
  await ours(
    "update headroom.usage_period set total = total + 5 where organization_id = $1 and meter = 'jobs'",
  );
  const told = await compare({ repair: true });
  // The bill follows the total that is kept: that is amended. The total itself is for people.
  expect(kindsOf(told.differences)).toContain("total_differs");
  await ours(
    "update headroom.usage_period set total = total - 5, to_rate = true where organization_id = $1 and meter = 'jobs'",
  );
  await bench.work();
}, 60_000);

test("a ledger that is not the bill is amended", async () => {
  await ours(
    "update headroom.overage set quantity = 18, amount = 45, sent_quantity = 18 where organization_id = $1",
  );
  expect(kindsOf((await compare()).differences)).toEqual(["ledger_differs", "line_differs"]);
  const told = await compare({ repair: true });
  expect(kindsOf(told.repaired)).toEqual(["ledger_differs", "line_differs"]);
  expect(told.differences).toEqual([]);
}, 60_000);

test("a line that is missing at Stripe is sent, once", async () => {
  await ours("update headroom.overage set id = gen_random_uuid() where organization_id = $1");
  expect(kindsOf((await compare()).differences).sort()).toEqual(["line_missing", "line_unknown"]);
  const dry = await compare({ repair: true, dryRun: true });
  expect(kindsOf(dry.repaired)).toEqual(["line_missing"]);
  expect(await acme.billed()).toHaveLength(1);
  const told = await compare({ repair: true });
  expect(kindsOf(told.repaired)).toEqual(["line_missing"]);
  // The one that nobody knows is for people.
  expect(kindsOf(told.differences)).toEqual(["line_unknown"]);
  expect(await acme.billed()).toHaveLength(2);
  await compare({ repair: true });
  expect(await acme.billed()).toHaveLength(2);
}, 60_000);

test("a line on an invoice that was voided is told", async () => {
  const item = await itemOf();
  const real = bench.worker.stripe;
  if (real === null) {
    throw new Error("no Stripe");
  }
  const voiding = {
    ...bench.worker,
    stripe: {
      ...real,
      listInvoices: async (...asked: Parameters<typeof real.listInvoices>) => {
        const page = await real.listInvoices(...asked);
        const status = (id: string, other: string) => (id === item.invoice ? "void" : other);
        return {
          ...page,
          invoices: page.invoices.map((one) => ({ ...one, status: status(one.id, one.status) })),
        };
      },
    },
  };
  const told = await reconcileOverage(voiding, { organizationId: acme.id, repair: true });
  expect(told.differences).toMatchObject([
    { kind: "line_void", kept: "20 × 2.5 = 50 usd", invoiceId: item.invoice },
  ]);
  expect(told.repaired).toEqual([]);
}, 60_000);

test("a line that stands twice, and one that nobody here knows", async () => {
  const { metadata, customer } = await itemOf();
  const draft = await bench.stripe.invoices.create({ customer: String(customer), auto_advance: false });
  const line = { customer: String(customer), invoice: String(draft.id), amount: 50, currency: "usd" };
  const twin = await bench.stripe.invoiceItems.create({ ...line, metadata: metadata ?? {} });
  expect(kindsOf((await compare({ repair: true })).differences)).toEqual(["line_twice"]);
  await bench.stripe.invoiceItems.update(twin.id, {
    metadata: { headroom_overage: "01900000-0000-7000-8000-000000000000" },
  });
  expect((await compare({ repair: true })).differences).toMatchObject([
    { kind: "line_unknown", overageId: "01900000-0000-7000-8000-000000000000", meter: null },
  ]);
}, 60_000);

test("what was not sent although there was time is sent", async () => {
  await ours(
    `update headroom.overage set status = 'pending', fixed = false, next_attempt_at = now() + interval '1 day'
     where organization_id = $1`,
  );
  expect(kindsOf((await compare()).differences)).toEqual(["not_sent"]);
  const told = await compare({ repair: true });
  expect([kindsOf(told.repaired), told.differences]).toEqual([["not_sent"], []]);
  expect(await acme.billed()).toHaveLength(1);
}, 60_000);

test("metrics have what was found last", async () => {
  const found = await compare();
  await noteReconciliation(bench.worker, found);
  expect(await lastReconciliation(bench.worker)).toMatchObject({ periods: found.periods, differences: 0 });
}, 60_000);
