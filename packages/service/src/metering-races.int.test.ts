import { createDatabase, type Database } from "@headroom/db/client";
import { writeSubscription } from "@headroom/db/subscriptions";
import { lockOrganization, withOrganization } from "@headroom/db/tenancy";
import { decodeId } from "@headroom/domain/ids";
import { noSubscription } from "@headroom/domain/subscriptions";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { authorize } from "./access.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { setOverride } from "./overrides.ts";
import { expireReservations } from "./reservation-expiry.ts";
import { commit, release, reserve } from "./reservations.ts";
import { createWorld, outcomeOf, type World } from "./testing/world.ts";
import { consume, record, type UsageCaller } from "./usage.ts";
import { createUsageLane, type UsageLane } from "./usage-lane.ts";
import { recomputeUsage } from "./usage-recomputation.ts";
import { voidUsage } from "./voids.ts";

const rounds = inject("interleavings");
const operator = { kind: "operator", name: "races" } as const;

let world: World;
let webhook: Database;
let worker: Database;
let organizationId: string;
let caller: UsageCaller;
let lanes: UsageLane[];

beforeAll(async () => {
  world = await createWorld();
  const as = (role: "hr_webhook" | "hr_worker", max: number) =>
    createDatabase({ connectionString: world.scratch.url, role, applicationName: "races", max });
  webhook = as("hr_webhook", 2);
  worker = as("hr_worker", 4);
  const terms = { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage: 0, ceiling: null };
  await world.make.plan(
    "pro",
    { pages: { dailyLimit: 400, included: 60, overage: terms } },
    { isDefault: false },
  );
  organizationId = await world.organization(await world.person());
  caller = { credential: await world.make.key(organizationId), organizationId: null };
  // Two api processes, each with its own lane.
  lanes = [createUsageLane(world.context.db), createUsageLane(world.context.db)];
});
afterAll(async () => {
  await webhook?.close();
  await worker?.close();
  await world?.close();
});

const eventIds: string[] = [];
const holdIds: string[] = [];
const raw = (prefix: "evt" | "res", id: string | null | undefined) => decodeId(prefix, id ?? "") ?? "";

async function changePlan(place: number): Promise<void> {
  const now = await world.scratch.admin
    .query<{ now: Date }>("select headroom.clock_now() as now")
    .then(({ rows }) => (rows[0] as { now: Date }).now);
  const start = Math.floor(now.getTime() / 1_000) * 1_000;
  const facts = {
    ...noSubscription,
    source: "stripe" as const,
    state: "active" as const,
    planId: "pro",
    planVersion: 1,
    overageAllowed: place % 2 === 0,
    anchor: start,
    periodStart: start,
    periodEnd: start + 30 * 86_400_000,
  };
  await withOrganization(webhook, organizationId, async (tx) => {
    await lockOrganization(tx, organizationId);
    const starts = place % 3 === 0;
    await writeSubscription(tx, organizationId, starts ? facts : { ...facts, anchor: null }, {
      periodStart: starts ? start : null,
      now,
    });
  });
}

const does: Record<string, (place: number) => Promise<unknown>> = {
  async consume(place) {
    const lane = lanes[place % 2] as UsageLane;
    const mode = place % 5 === 0 ? "cap" : "reject";
    const answer = await consume(lane, caller, { quantity: 1 + (place % 7), mode });
    const { day, period } = answer.windows;
    if (!answer.allowed) return;
    expect(day.used + day.held).toBeLessThanOrEqual(day.limit ?? Number.POSITIVE_INFINITY);
    expect(period.used + period.held).toBeLessThanOrEqual(period.limit ?? Number.POSITIVE_INFINITY);
    eventIds.push(raw("evt", answer.eventId));
  },
  async record(place) {
    const occurredAt = new Date(clock - (place % 40) * 3_600_000).toISOString();
    await record(world.context, caller, [{ quantity: 1 + (place % 3), occurredAt }]);
  },
  async reserve(place) {
    const answer = await reserve(world.context, caller, {
      quantity: 1 + (place % 9),
      ttlSeconds: 60 + place * 30,
    });
    if (answer.reservation) holdIds.push(raw("res", answer.reservation.id));
  },
  async commit(place) {
    const reservationId = holdIds.at(-1 - (place % 6));
    if (!reservationId) return;
    await allowing(commit(world.context, caller, { reservationId, quantity: 1 + (place % 12) }));
  },
  async release(place) {
    const reservationId = holdIds.at(-1 - (place % 6));
    if (reservationId) await allowing(release(world.context, caller, { reservationId }));
  },
  async void(place) {
    const eventId = eventIds.at(-1 - (place % 10));
    if (eventId) await voidUsage(world.context, caller, { eventId });
  },
  close: () => closeDuePeriods({ db: worker, log: world.context.log }),
  expire: () => expireReservations({ db: worker }),
  recompute: () => recomputeUsage({ db: worker }, operator, { organizationId, dryRun: false }),
  changePlan,
  async override(place) {
    const access = await authorize(world.context, operator, organizationId, "overrides.manage");
    const kind = place % 2 === 0 ? "daily_limit" : "included";
    await setOverride(world.context, access, {
      kind,
      name: "pages",
      value: 40 + place * 10,
      reason: "a race",
    });
  },
};

/** Two may want the same reservation: the later one is told. Nothing else is taken for an answer. */
async function allowing(call: Promise<unknown>): Promise<void> {
  expect(["ok", "reservation_not_open"]).toContain(await outcomeOf(call));
}

async function agree(): Promise<void> {
  const { rows } = await world.scratch.admin.query(
    `select g.day_used = coalesce(sum(u.quantity) filter (where u.local_date = g.day_date), 0) as day,
       g.period_used = coalesce(sum(u.quantity) filter (where u.period_start = g.period_start), 0) as period,
       g.day_held = (select coalesce(sum(quantity), 0) from headroom.usage_reservation r
         where r.organization_id = g.organization_id and r.status = 'held' and r.day_start = g.day_start) as held_today,
       g.period_held = (select coalesce(sum(quantity), 0) from headroom.usage_reservation r
         where r.organization_id = g.organization_id and r.status = 'held' and r.period_start = g.period_start) as held
     from headroom.usage_gate g left join headroom.usage_event u
       on u.organization_id = g.organization_id and u.meter = g.meter
     where g.organization_id = $1 group by g.organization_id, g.meter`,
    [organizationId],
  );
  expect(
    rows.every((row) => Object.values(row).every(Boolean)),
    JSON.stringify(rows),
  ).toBe(true);
}

let clock = Date.UTC(2028, 4, 3, 10);

test(`${rounds} interleavings on one gate: nobody meets a deadlock, and every counter is its recount`, async () => {
  const call = fc.record({ name: fc.constantFrom(...Object.keys(does)), place: fc.nat({ max: 59 }) });
  const minutes = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4_000 }));
  const round = fc.record({ calls: fc.array(call, { minLength: 3, maxLength: 8 }), minutes });
  const seed = Date.now();
  const drawn = fc.sample(round, { numRuns: rounds, seed });
  for (const [index, { calls, minutes: passed }] of drawn.entries()) {
    clock += passed * 60_000;
    await world.make.setClock(new Date(clock).toISOString());
    const outcomes = await Promise.allSettled(calls.map(({ name, place }) => does[name]?.(place)));
    const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(failed, `seed ${seed}, round ${index}: ${JSON.stringify(calls)}`).toEqual([]);
    await agree();
  }
  const closed = await world.scratch.admin.query<{ wrong: string }>(
    `select count(*) as wrong from headroom.usage_period p where p.closed_at is not null and p.total <> (
       select coalesce(sum(u.quantity), 0) from headroom.usage_event u where u.organization_id = p.organization_id
         and u.meter = p.meter and u.period_start = p.period_start)`,
  );
  expect(closed.rows).toEqual([{ wrong: "0" }]);
}, 3_600_000);
