import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { closeEvents, keepEvents, type NewEvent, notePending } from "./inbox.ts";
import { withSystem } from "./tenancy.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

let scratch: TestDatabase;
let webhook: Database;
beforeAll(async () => {
  scratch = await createTestDatabase();
  webhook = await scratch.connect("hr_webhook");
});
afterAll(() => scratch?.drop());

const event = (eventId: string): NewEvent => ({
  eventId,
  style: "snapshot",
  twinId: null,
  account: "",
  livemode: false,
  type: "checkout.session.completed",
  apiVersion: null,
  objectId: "cs_1",
  customerId: "cus_1",
  createdAt: new Date(1_780_000_000_000),
  payload: Buffer.from("{}"),
  secretIndex: 0,
  status: "pending",
});

const pending = async () => {
  const { rows } = await scratch.admin.query(
    "select event_id as id from headroom.stripe_inbox where status = 'pending' order by seq",
  );
  return rows.map(({ id }) => id);
};

test("an event that is committed after others were noted, with a smaller number, is not closed with them", async () => {
  const slow = await webhook.kysely.startTransaction().execute();
  await keepEvents(slow, [event("evt_slow")]);
  await keepEvents(webhook.kysely, [event("evt_quick")]);
  const noted = await withSystem(webhook, (tx) => notePending(tx, "cus_1"));
  await slow.commit().execute();
  expect(await pending()).toEqual(["evt_slow", "evt_quick"]);
  if (noted === null) throw new Error("nothing was noted");
  await withSystem(webhook, (tx) => closeEvents(tx, "cus_1", noted, { status: "applied" }));
  expect(await pending()).toEqual(["evt_slow"]);
});

test("an event that was put aside waits like any other once it comes rightly, in a later batch or in the same", async () => {
  const asided: NewEvent = { ...event("evt_aside"), livemode: true, status: "quarantined" };
  const both = { ...event("evt_both"), payload: Buffer.from('{"right":true}') };
  expect(await keepEvents(webhook.kysely, [asided])).toEqual([true]);
  expect(await keepEvents(webhook.kysely, [asided, event("evt_aside"), both])).toEqual([true, false, true]);
  expect(await pending()).toEqual(expect.arrayContaining(["evt_aside", "evt_both"]));
  const wrongly = { ...asided, eventId: "evt_both" };
  expect(await keepEvents(webhook.kysely, [wrongly, asided, { ...both, eventId: "evt_third" }])).toEqual([
    false,
    false,
    true,
  ]);
  const { rows } = await scratch.admin.query(
    `select event_id as id, livemode, status, payload from headroom.stripe_inbox
     where event_id = any('{evt_aside,evt_both}') order by event_id`,
  );
  expect(rows).toEqual([
    { id: "evt_aside", livemode: false, status: "pending", payload: {} },
    { id: "evt_both", livemode: false, status: "pending", payload: { right: true } },
  ]);
});
