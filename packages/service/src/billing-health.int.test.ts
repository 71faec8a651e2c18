import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { readBillingHealth } from "./billing-health.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { receiveEvent } from "./stripe/events.ts";
import { createOverageBench, type OverageBench } from "./testing/overage-bench.ts";

let bench: OverageBench;
beforeAll(async () => {
  bench = await createOverageBench();
});
afterAll(() => bench?.close());
beforeEach(async () => {
  await bench.rows("delete from headroom.stripe_inbox");
});

const health = (role: "api" | "worker" | "webhook" = "worker") => readBillingHealth(bench[role]);
const signal = async (wanted: string) => (await health()).signals.find(({ name }) => name === wanted);

async function arrive(status: string, reason: string | null, ago: string): Promise<void> {
  await bench.rows(
    `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, received_at, parked_at, payload, secret_index, status, reason)
     values ($1, false, 'customer.updated', 'cus_1', now(), clock_timestamp() - $2::interval,
       case when $3 = 'parked' then clock_timestamp() - $2::interval end, '{}', 0, $3, $4)`,
    `evt_${uuidv7()}`,
    ago,
    status,
    reason,
  );
}

test("events that wait, are parked, dead or of the other mode are counted, the oldest of each by its age", async () => {
  await arrive("pending", null, "6 minutes");
  await arrive("pending", null, "1 second");
  await arrive("parked", "unlinked", "25 hours");
  await arrive("parked", "unknown_price", "1 hour");
  await arrive("dead", null, "1 day");
  await arrive("quarantined", null, "1 day");
  await arrive("applied", null, "9 days");
  const { state, readings } = await health();
  expect(state).toBe("alert");
  expect(readings).toMatchObject({
    pending: 2,
    unlinked: 1,
    unknownPrice: 1,
    unknownStatus: 0,
    dead: 1,
    quarantined: 1,
  });
  expect(Math.floor(readings.oldestPendingSeconds / 60)).toBe(6);
  expect(Math.floor(readings.oldestParkedSeconds / 3_600)).toBe(25);
  expect(await signal("events_waiting")).toMatchObject({ state: "alert", count: 2 });
  expect(await signal("events_parked")).toMatchObject({ state: "alert", count: 2 });
});

test("a disputed payment is told of until Stripe says that it is over, once for both styles", async () => {
  const told = async (type: string, dispute: string, style: "snapshot" | "thin" = "snapshot") => {
    const id = `evt_${uuidv7()}`;
    const object = { id: dispute, object: "dispute", charge: "ch_1", status: "needs_response" };
    const event =
      style === "snapshot"
        ? { ...{ id, object: "event", type, livemode: false, created: 1_780_000_000 }, data: { object } }
        : {
            ...{ id, object: "v2.core.event", type: `v1.${type}`, livemode: false },
            ...{ created: "2026-05-28T20:26:40Z", related_object: { id: dispute, type: "dispute" } },
          };
    expect(await receiveEvent({ ...bench.webhook, livemode: false }, event, 0)).toMatchObject({
      outcome: "new",
      unresolved: false,
    });
  };
  expect(await signal("disputes")).toMatchObject({ state: "ok", count: 0 });
  await told("charge.dispute.created", "du_1");
  await told("charge.dispute.created", "du_1", "thin");
  await told("charge.dispute.created", "du_2", "thin");
  expect(await signal("disputes")).toMatchObject({ state: "warning", count: 2 });
  await bench.rows("update headroom.stripe_inbox set received_at = now() - interval '73 hours'");
  expect(await signal("disputes")).toMatchObject({ state: "alert", count: 2 });
  await told("charge.dispute.closed", "du_1", "thin");
  expect(await signal("disputes")).toMatchObject({ count: 1 });
  await told("charge.dispute.closed", "du_2");
  expect(await signal("disputes")).toMatchObject({ state: "ok", count: 0 });
});

test("every role that shows it reads the same", async () => {
  await arrive("dead", null, "1 day");
  const seen = await Promise.all([health("api"), health("worker"), health("webhook")]);
  expect(seen.map(({ readings }) => readings.dead)).toEqual([1, 1, 1]);
});

test("a period that has ended is unsettled until it is closed, its line until it is on an invoice", async () => {
  const before = (await health()).readings.unsettled;
  const subscriber = await bench.subscriber();
  await subscriber.take(130);
  await bench.rows("update headroom.dev_clock set clock_offset = interval '1 month 46 minutes'");
  expect((await health()).readings.unsettled).toBe(before + 1);
  expect(await signal("periods_unsettled")).toMatchObject({ state: "alert" });
  await closeDuePeriods(bench.worker);
  const closed = (await health()).readings;
  expect(closed.unsettled).toBe(before + 1);
  await bench.rows("update headroom.overage set waits = true where organization_id = $1", subscriber.id);
  expect((await health()).readings.unsettled).toBe(before);
});
