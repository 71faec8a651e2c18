import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { closeCatalogueEvents, listCatalogueEvents } from "./catalogue-events.ts";
import type { Database } from "./client.ts";
import {
  closeEvents,
  hasDueEvents,
  keepEvents,
  listDueCustomers,
  notePending,
  putOffEvents,
} from "./inbox.ts";
import { parkEvents, wakeCustomerEvents, wakeDueEvents, wakeUnknownPrices } from "./inbox-parking.ts";
import { renewEvents } from "./inbox-upkeep.ts";
import { type Tx, withSystem } from "./tenancy.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { claimThinEvents } from "./thin-events.ts";

let scratch: TestDatabase;
let webhook: Database;
let worker: Database;
beforeAll(async () => {
  scratch = await createTestDatabase();
  [webhook, worker] = await Promise.all([scratch.connect("hr_webhook"), scratch.connect("hr_worker")]);
});
afterAll(() => scratch?.drop());

const customer = "cus_1";
const asides: Readonly<Record<string, { status: string; reason?: string }>> = {
  ended: { status: "applied" },
  foreign: { status: "ignored" },
  other_mode: { status: "quarantined" },
  given_up: { status: "dead" },
  no_price: { status: "parked", reason: "unknown_price" },
  no_link: { status: "parked", reason: "unlinked" },
};

// Each is due for an hour: nothing but its status keeps it from being taken up.
beforeEach(async () => {
  await scratch.admin.query("delete from headroom.stripe_inbox");
  for (const [name, { status, reason }] of Object.entries(asides)) {
    await insert(name, { status, reason: reason ?? null });
  }
});

async function insert(
  name: string,
  { status, reason }: { status: string; reason: string | null },
  about: { customerId: string | null; type: string; style: string } = {
    customerId: customer,
    type: "customer.subscription.updated",
    style: "snapshot",
  },
): Promise<void> {
  await scratch.admin.query(
    `insert into headroom.stripe_inbox (event_id, livemode, style, type, object_id, customer_id, created_at, payload,
       secret_index, status, reason, parked_at, next_attempt_at)
     values ($1, false, $2, $3, 'x', $4, now(), '{}', 0, $5, $6,
       case when $5 = 'parked' then now() end, now() - interval '1 hour')`,
    [name, about.style, about.type, about.customerId, status, reason],
  );
}

/** Those that are no longer as they were put aside, with what they are now. */
async function changed(): Promise<Record<string, string>> {
  const { rows } = await scratch.admin.query<{ id: string; status: string; attempts: number }>(
    "select event_id as id, status, attempts from headroom.stripe_inbox where event_id = any($1)",
    [Object.keys(asides)],
  );
  const others = rows.filter(({ id, status, attempts }) => asides[id]?.status !== status || attempts > 0);
  return Object.fromEntries(others.map(({ id, status }) => [id, status]));
}

const asWorker = <Result>(work: (tx: Tx) => Promise<Result>) => withSystem(worker, work);

test("nobody's turn comes by events that were put aside", async () => {
  expect(await listDueCustomers(worker.kysely, 10)).toEqual([]);
  expect(await hasDueEvents(worker.kysely, customer)).toBe(false);
  expect(await notePending(worker.kysely, customer)).toBeNull();
});

test("nor by such as are about no customer", async () => {
  await scratch.admin.query("delete from headroom.stripe_inbox");
  for (const [name, { status, reason }] of Object.entries(asides)) {
    const of = { status, reason: reason ?? null };
    await insert(`price ${name}`, of, { customerId: null, type: "price.updated", style: "snapshot" });
    await insert(`thin ${name}`, of, { customerId: null, type: "v1.invoice.paid", style: "thin" });
  }
  expect(await asWorker((tx) => listCatalogueEvents(tx, 10))).toEqual([]);
  expect(await asWorker((tx) => claimThinEvents(tx, 10))).toEqual([]);
  await asWorker((tx) => closeCatalogueEvents(tx, { objectId: "x", kind: "price", seq: 1_000_000_000 }));
  const { rows } = await scratch.admin.query(
    "select event_id as id from headroom.stripe_inbox where status = 'applied' and event_id not like '% ended'",
  );
  expect(rows).toEqual([]);
});

test("what becomes of an event that came is not what becomes of those that were put aside", async () => {
  const next = async (name: string) => {
    await insert(name, { status: "pending", reason: null });
    const noted = await notePending(webhook.kysely, customer);
    if (noted === null) throw new Error("nothing was noted");
    expect(noted.seqs).toEqual([noted.seq]);
    return noted;
  };
  const failed = await next("evt_failed");
  await withSystem(webhook, (tx) =>
    putOffEvents(tx, customer, failed.seq, { message: "no", passing: false }),
  );
  expect(await changed()).toEqual({});
  await withSystem(webhook, (tx) => parkEvents(tx, customer, failed.seq, "unlinked"));
  expect(await changed()).toEqual({});
  const done = await next("evt_done");
  // What was parked waited for just this: that the customer can be read.
  await withSystem(webhook, (tx) => closeEvents(tx, customer, done, { status: "applied" }));
  expect(await changed()).toEqual({ no_price: "applied", no_link: "applied" });
});

test.each<[string, (tx: Tx) => Promise<unknown>, string[]]>([
  ["an hour", wakeDueEvents, ["no_price", "no_link"]],
  ["the catalogue", wakeUnknownPrices, ["no_price"]],
  ["a link", (tx) => wakeCustomerEvents(tx, customer), ["no_price", "no_link"]],
  [
    "an operator, but for the other mode's",
    (tx) => renewEvents(tx, { customerId: customer }, ["-"]),
    ["ended", "foreign", "given_up", "no_price", "no_link"],
  ],
])("%s wakes what waits for it and nothing else", async (_what, wake, names) => {
  await asWorker(wake);
  expect(await changed()).toEqual(Object.fromEntries(names.map((name) => [name, "pending"])));
});

test("sent once more it stays where it was put, unless it was of the other mode and now is not", async () => {
  const event = (eventId: string) => ({
    ...{ eventId, style: "snapshot" as const, twinId: null, account: "", livemode: false, apiVersion: null },
    ...{ type: "customer.subscription.updated", objectId: "x", customerId: customer, createdAt: new Date() },
    ...{ payload: Buffer.from("{}"), secretIndex: 0, status: "pending" as const },
  });
  await keepEvents(webhook.kysely, Object.keys(asides).map(event));
  expect(await changed()).toEqual({ other_mode: "pending" });
});
