import type { MeterTerms } from "@headroom/domain/configuration";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Database } from "./client.ts";
import { commitReservation, reserveUnits } from "./reservations.ts";
import { recountUsage } from "./tallies.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";
import { createFactory, type Factory } from "./testing/factories.ts";
import { usageRequest as request } from "./testing/usage-requests.ts";
import { consumeUnheld, consumeUsage, recordUsage } from "./usage.ts";
import { readUsageStatus } from "./usage-readings.ts";

const largest = Number.MAX_SAFE_INTEGER;
const open: MeterTerms = { dailyLimit: null, included: null, overage: null };
const sold = { unitPrice: "2.5", currency: "usd", otherPrices: [], ceiling: null };

let scratch: TestDatabase;
let api: Database;
let worker: Database;
let make: Factory;

beforeAll(async () => {
  scratch = await createTestDatabase();
  api = await scratch.connect("hr_api");
  worker = await scratch.connect("hr_worker");
  make = createFactory(scratch.admin);
  await make.plan("free", { pages: open, jobs: { ...open, included: 10 } });
  const unlimited = { ...open, included: 10, overage: { ...sold, maxOverage: null } };
  const vast = { ...open, included: 10, overage: { ...sold, maxOverage: largest } };
  await make.plan("pro", { pages: unlimited, jobs: vast }, { isDefault: false });
});

afterAll(() => scratch.drop());

beforeEach(async () => {
  await scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});

async function customer({ plan = "free", timeZone = "UTC" } = {}) {
  const id = await make.organization({ timeZone });
  if (plan !== "free") {
    await scratch.admin.query(
      "update headroom.subscription set plan_id = $2, plan_version = 1, overage_allowed = true where organization_id = $1",
      [id, plan],
    );
  }
  return { id, key: await make.key(id) };
}

const statusOf = async (id: string, meter: string) =>
  (await readUsageStatus(api, id)).find((one) => one.meter === meter);

async function verified(id: string): Promise<void> {
  for (const gate of await recountUsage(worker, id)) {
    expect(gate).toMatchObject({ dayUsed: gate.dayCounted, periodUsed: gate.periodCounted });
  }
}

test.each([
  ["no limit at all", "free"],
  ["overage without an end", "pro"],
])("%s: nothing is above a cap, so nothing is kept from the bill", async (_name, plan) => {
  const { key } = await customer({ plan });
  for (const mode of ["reject", "cap", "record"] as const) {
    const [outcome] = await consumeUsage(api, [request(key, { meter: "pages", quantity: 40, mode })]);
    expect(outcome).toMatchObject({ outcome: "accepted", accepted: 40, overCap: 0 });
  }
});

test("no window counts beyond 2^53 - 1, and what would is refused whole", async () => {
  const { id, key } = await customer();
  const all = request(key, { quantity: largest, mode: "record" });
  expect((await consumeUsage(api, [all]))[0]).toMatchObject({ outcome: "accepted", accepted: largest });
  const more = [request(key, { meter: "jobs", mode: "record" }), request(key, { mode: "record" })];
  await expect(recordUsage(api, more)).rejects.toMatchObject({ code: "validation_failed" });
  expect(await consumeUsage(api, [request(key)])).toEqual([{ outcome: "overflow" }]);
  expect(await statusOf(id, "pages")).toMatchObject({ dayUsed: largest, periodUsed: largest });
  expect(await statusOf(id, "jobs")).toMatchObject({ periodUsed: 0 });
  await verified(id);
});

test("an event that would count beyond 2^53 - 1 keeps none of the others in its batch from being taken", async () => {
  const [full, other] = [await customer(), await customer()];
  await consumeUsage(api, [request(full.key, { quantity: largest, mode: "record" }), request(other.key)]);
  const batch = [
    request(other.key),
    request(full.key, { mode: "record" }),
    request(full.key),
    request(other.key),
  ];
  const outcomes = await consumeUnheld(api, batch);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "overflow", "overflow", "accepted"]);
  expect(await statusOf(other.id, "pages")).toMatchObject({ dayUsed: 3 });
  await verified(full.id);
});

test("a period that has ended counts no further than 2^53 - 1, so that it can be closed", async () => {
  await make.setClock("2028-05-31T23:00:00Z");
  const { id, key } = await customer();
  await recordUsage(api, [request(key)]);
  const held = await reserveUnits(api, { ...request(key), ttlSeconds: 7_200 });
  await make.setClock("2028-06-01T00:00:30Z");
  await recordUsage(api, [request(key)]);
  const late = (quantity: number) =>
    request(key, { quantity, mode: "record", occurredAt: "2028-05-30T10:00:00Z" });
  await recordUsage(api, [late(largest - 3), late(1)]);
  await expect(recordUsage(api, [late(2)])).rejects.toMatchObject({ code: "validation_failed" });
  expect(await consumeUsage(api, [late(2), late(1)])).toMatchObject([
    { outcome: "overflow" },
    { outcome: "accepted" },
  ]);
  const reservationId = held.outcome === "done" ? held.reservation.id : "";
  const call = { credential: key, organizationId: null, key: null, eventId: uuidv7(), reservationId };
  await expect(commitReservation(api, { ...call, quantity: 2 })).rejects.toMatchObject({
    code: "validation_failed",
  });
  const { rows } = await worker.pool.query<{ total: number }>(
    "select total from close_period($1, 'pages', '2028-05-01T00:00:00Z')",
    [id],
  );
  expect(rows).toEqual([{ total: largest }]);
});

test("a max overage as large as the wire allows leaves a cap that it can carry", async () => {
  const { id } = await customer({ plan: "pro" });
  expect(await statusOf(id, "jobs")).toMatchObject({ maxOverage: largest, hardCap: largest });
});

test.each([
  ["America/Los_Angeles", "2026-12-01T00:30:00Z", 10, "2026-11-01T00:00:00.000Z", "2026-12-01T08:00:00.000Z"],
  ["America/Los_Angeles", "2026-12-01T08:00:00Z", 0, "2026-12-01T08:00:00.000Z", "2027-01-01T08:00:00.000Z"],
  ["Asia/Tokyo", "2026-12-01T00:30:00Z", 0, "2026-12-01T00:00:00.000Z", "2026-12-31T15:00:00.000Z"],
])(
  "after a move to %s, at %s: periods neither overlap nor begin anew",
  async (zone, at, used, start, end) => {
    await make.setClock("2026-11-20T12:00:00Z");
    const { id, key } = await customer();
    await consumeUsage(api, [request(key, { meter: "jobs", quantity: 10 })]);
    await scratch.admin.query("update headroom.organization set time_zone = $2 where id = $1", [id, zone]);
    await make.setClock(at);
    expect(await statusOf(id, "jobs")).toMatchObject({
      periodUsed: used,
      periodStart: start,
      periodEnd: end,
    });
    const [outcome] = await consumeUsage(api, [request(key, { meter: "jobs" })]);
    expect(outcome?.outcome).toBe(used === 0 ? "accepted" : "hard_cap");
    await verified(id);
  },
);

test("limits asked again after a change of zone leave the running calendar month, and its count, where they are", async () => {
  await make.setClock("2028-03-01T01:00:00Z");
  const { id, key } = await customer();
  await consumeUsage(api, [request(key, { meter: "jobs", quantity: 6 })]);
  await scratch.admin.query("update headroom.organization set time_zone = 'Pacific/Honolulu' where id = $1", [
    id,
  ]);
  await make.setClock("2028-03-02T00:00:00Z");
  await api.pool.query("select refresh_limits($1)", [id]);
  expect(await statusOf(id, "jobs")).toMatchObject({
    periodUsed: 6,
    periodStart: "2028-03-01T00:00:00.000Z",
  });
  await verified(id);
});
