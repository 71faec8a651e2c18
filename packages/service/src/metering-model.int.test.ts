import { createDatabase, type Database } from "@headroom/db/client";
import { writeBasePlan, writeSubscription } from "@headroom/db/subscriptions";
import { recountUsage } from "@headroom/db/tallies";
import { lockOrganization, type Tx, withOrganization } from "@headroom/db/tenancy";
import { readUsageStatus } from "@headroom/db/usage-readings";
import type { MeterTerms } from "@headroom/domain/configuration";
import { decodeId } from "@headroom/domain/ids";
import { noSubscription, type SubscriptionFacts } from "@headroom/domain/subscriptions";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { authorize } from "./access.ts";
import { createAlert, deleteAlert } from "./alerts.ts";
import { setMaxOverages } from "./max-overages.ts";
import { changeOrganization } from "./organizations.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { removeOverride, setOverride } from "./overrides.ts";
import { expireReservations } from "./reservation-expiry.ts";
import { commit, release, reserve } from "./reservations.ts";
import {
  type Hold,
  MeteringOracle,
  type Plans,
  type Subscription,
  type Verdict,
} from "./testing/metering-oracle.ts";
import { addMonths } from "./testing/oracle-time.ts";
import { createWorld, outcomeOf, type Person, type World } from "./testing/world.ts";
import { check, consume, record, type UsageCaller } from "./usage.ts";
import { createUsageLane, type UsageLane } from "./usage-lane.ts";
import { recomputeUsage } from "./usage-recomputation.ts";
import { voidUsage } from "./voids.ts";

const commandsInARun = 60;
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const overage = (maxOverage: number | null, ceiling: number | null) => ({
  unitPrice: "2.5",
  currency: "usd",
  otherPrices: [],
  maxOverage,
  ceiling,
});
const plans: Record<string, Record<"pages" | "jobs", MeterTerms>> = {
  base: {
    pages: { dailyLimit: 12, included: null, overage: null },
    jobs: { dailyLimit: null, included: 10, overage: null },
  },
  pro: {
    pages: { dailyLimit: 30, included: 60, overage: null },
    jobs: { dailyLimit: 25, included: 20, overage: overage(0, null) },
  },
  max: {
    pages: { dailyLimit: null, included: null, overage: null },
    jobs: { dailyLimit: null, included: 40, overage: overage(15, 50) },
  },
};
const oraclePlans: Plans = Object.fromEntries(
  Object.entries(plans).map(([name, meters]) => [
    name,
    Object.fromEntries(
      Object.entries(meters).map(([meter, { overage: terms, ...rest }]) => [
        meter,
        { ...rest, overage: terms && { ...terms, unitPrice: Number(terms.unitPrice) } },
      ]),
    ),
  ]),
);

let world: World;
let owner: Person;
let lane: UsageLane;
let webhook: Database;
let worker: Database;

beforeAll(async () => {
  world = await createWorld();
  owner = await world.person();
  lane = createUsageLane(world.context.db);
  const as = (role: "hr_webhook" | "hr_worker") =>
    createDatabase({ connectionString: world.scratch.url, role, applicationName: "model", max: 2 });
  webhook = as("hr_webhook");
  worker = as("hr_worker");
  for (const [name, meters] of Object.entries(plans)) {
    await world.make.plan(name, meters, { isDefault: false });
  }
});
afterAll(async () => {
  await webhook?.close();
  await worker?.close();
  await world?.close();
});

const meter = fc.constantFrom("pages", "jobs");
const quantity = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(1, 2, 3, 5) }, fc.constantFrom(8, 13, 40));
const mode = fc.constantFrom("reject" as const, "reject" as const, "cap" as const, "record" as const);
const key = fc.nat({ max: 40 }).map((number) => `key ${number}`);
const place = fc.nat({ max: 30 });
const kind = <const Kind extends string>(name: Kind) => fc.constant(name);
/** Ages of events: about now, at the edge of what is taken, and anything between. Whole seconds. */
const age = fc.oneof(
  fc.integer({ min: -4 * 60, max: 3600 }),
  fc.integer({ min: 0, max: 35 * 86_400 - 60 }),
  fc.constantFrom(-6 * 60, 35 * 86_400 + 60, 34 * 86_400),
);
/** Whole minutes; what expires does so half a minute past one. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 3, arbitrary: fc.integer({ min: 300, max: 2_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2_000, max: 60_000 }) },
);
const zone = fc.constantFrom(
  "UTC",
  "America/Los_Angeles",
  "Asia/Tokyo",
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "Pacific/Kiritimati",
  "Pacific/Pago_Pago",
  "Asia/Kathmandu",
);
const event = fc.record({ meter, quantity, mode, key });
const late = fc.record({ meter, quantity, key, age });

const command = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: kind("consume"), event }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: kind("burst"), events: fc.array(event, { minLength: 2, maxLength: 8 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: kind("record"), events: fc.array(late, { minLength: 1, maxLength: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: kind("replay"), which: place }) },
  { weight: 2, arbitrary: fc.record({ do: kind("check"), meter, quantity }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: kind("reserve"),
      meter,
      quantity,
      minutes: fc.integer({ min: 1, max: 1_000 }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: kind("commit"), which: place, quantity: fc.option(quantity) }) },
  { weight: 2, arbitrary: fc.record({ do: kind("release"), which: place }) },
  { weight: 4, arbitrary: fc.record({ do: kind("void"), which: place }) },
  { weight: 10, arbitrary: fc.record({ do: kind("advance"), minutes: step }) },
  { weight: 2, arbitrary: fc.record({ do: kind("zone"), zone }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: kind("subscribe"),
      plan: fc.constantFrom("pro", "max"),
      yearly: fc.boolean(),
      ago: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4_000 })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: kind("changePlan"), plan: fc.constantFrom("base", "pro", "max") }),
  },
  { weight: 1, arbitrary: fc.record({ do: kind("cancel") }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: kind("scheduleCancel"), minutes: fc.integer({ min: 1, max: 20_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: kind("overageAllowed"), allowed: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: kind("maxOverage"),
      meter,
      setting: fc.oneof(
        fc.record({ units: fc.nat({ max: 60 }) }),
        fc.record({ cents: fc.nat({ max: 120 }) }),
        fc.constant(null),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: kind("override"),
      kind: fc.constantFrom("daily_limit" as const, "included" as const),
      meter,
      value: fc.oneof(fc.nat({ max: 80 }), fc.constant(null)),
      minutes: fc.option(fc.integer({ min: 1, max: 20_000 })),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: kind("removeOverride"),
      kind: fc.constantFrom("daily_limit" as const, "included" as const),
      meter,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: kind("alert"),
      meter,
      threshold: fc.oneof(
        fc.record({
          window: fc.constantFrom("day" as const, "period" as const),
          units: fc.integer({ min: 1, max: 60 }),
        }),
        fc.record({ window: kind("day"), percent: fc.constantFrom(50, 80, 100, 150) }),
        fc.record({
          window: kind("period"),
          percent: fc.constantFrom(50, 80, 100, 150),
          of: fc.constantFrom("included" as const, "hard_cap" as const),
        }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: kind("removeAlert"), which: place }) },
  { weight: 3, arbitrary: fc.record({ do: kind("close") }) },
  { weight: 1, arbitrary: fc.record({ do: kind("expire") }) },
  { weight: 1, arbitrary: fc.record({ do: kind("recompute") }) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;
type Taken = Extract<Command, { do: "consume" }>["event"];

/** One organization, the oracle that follows it, and the names that both sides use for the same thing. */
interface Run {
  organizationId: string;
  caller: UsageCaller;
  oracle: MeteringOracle;
  now: number;
  /** Ids of events by their place in the oracle. */
  eventIds: Map<number, string>;
  holdIds: string[];
  alertIds: Map<number, string>;
  everyAlert: [place: number, id: string][];
  facts: SubscriptionFacts;
  /** Calls that were accepted, to be sent once more. */
  sent: Taken[];
}

async function startRun(start: number): Promise<Run> {
  const organizationId = await world.organization(owner);
  await withOrganization(world.context.db, organizationId, (tx) =>
    writeBasePlan(tx, organizationId, { planId: "base", planVersion: 1 }, new Date()),
  );
  const credential = await world.make.key(organizationId);
  return {
    organizationId,
    caller: { credential, organizationId: null },
    oracle: new MeteringOracle(oraclePlans, "base"),
    now: start,
    eventIds: new Map(),
    holdIds: [],
    alertIds: new Map(),
    everyAlert: [],
    facts: noSubscription,
    sent: [],
  };
}

const ownerMay = (
  { organizationId }: Run,
  permission: "usage.view" | "billing.manage" | "organization.update",
) => authorize(world.context, owner, organizationId, permission);

/** What the windows show, in one shape for both sides. */
async function seen(run: Run) {
  const statuses = await readUsageStatus(world.context.db, run.organizationId);
  return Object.fromEntries(
    ["pages", "jobs"].map((meter) => {
      const status = statuses.find((one) => one.meter === meter);
      const { planId, planVersion, meter: _, ...rest } = status as NonNullable<typeof status>;
      return [meter, rest];
    }),
  );
}

function foreseen({ oracle, now }: Run) {
  const iso = (at: number) => new Date(at).toISOString();
  return Object.fromEntries(
    ["pages", "jobs"].map((meter) => {
      const { dayEnd, periodStart, periodEnd, date, ...rest } = oracle.status(meter, now);
      return [
        meter,
        {
          ...rest,
          date: iso(date).slice(0, 10),
          dayEnd: iso(dayEnd),
          periodStart: iso(periodStart),
          periodEnd: iso(periodEnd),
        },
      ];
    }),
  );
}

function compareTaken(
  run: Run,
  verdict: Exclude<Verdict, { outcome: "mismatch" }>,
  answer: Awaited<ReturnType<typeof consume>>,
): void {
  if (verdict.outcome === "daily_limit" || verdict.outcome === "hard_cap") {
    expect(answer).toMatchObject({
      allowed: false,
      reason: verdict.outcome,
      acceptedQuantity: 0,
      eventId: null,
    });
    return;
  }
  const { outcome, event, quantity: taken, overCap } = verdict;
  expect(answer).toMatchObject({
    allowed: true,
    acceptedQuantity: taken,
    overCapQuantity: overCap,
    duplicate: outcome === "duplicate",
  });
  nameEvent(run, event.place, answer.eventId as string);
}

/** The first answer names an event; every later one must give it the same name. */
function nameEvent(run: Run, place: number, id: string): void {
  expect(run.eventIds.get(place) ?? id).toBe(id);
  run.eventIds.set(place, id);
}

async function take(run: Run, events: readonly Taken[]): Promise<void> {
  const answers = await Promise.allSettled(
    events.map(({ key: idempotencyKey, ...rest }) => consume(lane, run.caller, { ...rest, idempotencyKey })),
  );
  for (const [index, one] of events.entries()) {
    const verdict = run.oracle.take({ ...one, occurredAt: null }, run.now);
    const answer = answers[index] as (typeof answers)[number];
    if (verdict.outcome === "mismatch") {
      expect(answer).toMatchObject({ status: "rejected", reason: { code: "idempotency_mismatch" } });
      continue;
    }
    if (answer.status === "rejected") throw answer.reason;
    compareTaken(run, verdict, answer.value);
    if (verdict.outcome === "accepted") run.sent.push(one);
  }
}

async function recordLate(run: Run, drawn: Extract<Command, { do: "record" }>["events"]): Promise<void> {
  const events = drawn.map(({ age: seconds, ...rest }) => ({
    ...rest,
    occurredAt: Math.floor(run.now / second) * second - seconds * second,
  }));
  const tooFar = events.some(
    ({ occurredAt }) => occurredAt > run.now + 5 * minute || occurredAt < run.now - 35 * day,
  );
  const call = record(
    world.context,
    run.caller,
    events.map(({ key: idempotencyKey, occurredAt, ...rest }) => ({
      ...rest,
      idempotencyKey,
      occurredAt: new Date(occurredAt).toISOString(),
    })),
  );
  if (tooFar) {
    await expect(call).rejects.toMatchObject({ code: "validation_failed" });
    return;
  }
  const results = await call;
  for (const [index, one] of events.entries()) {
    const verdict = run.oracle.take({ ...one, mode: "record" }, run.now);
    const result = results[index];
    if (verdict.outcome === "mismatch") {
      expect(result).toMatchObject({ status: "mismatch" });
    } else if (verdict.outcome === "accepted" || verdict.outcome === "duplicate") {
      expect(result).toMatchObject({
        status: verdict.outcome === "accepted" ? "recorded" : "duplicate",
        overCapQuantity: verdict.overCap,
      });
      nameEvent(run, verdict.event.place, result?.eventId ?? "");
    } else {
      throw new Error("what has happened is never refused");
    }
  }
}

async function commitHold(run: Run, one: Extract<Command, { do: "commit" }>): Promise<void> {
  const hold = run.oracle.holds.at(-1 - one.which) as Hold | undefined;
  if (!hold) return;
  const reservationId = run.holdIds[hold.place] as string;
  const call = commit(world.context, run.caller, { reservationId, quantity: one.quantity ?? undefined });
  const before = run.oracle.events.length;
  const verdict = run.oracle.commit(hold, one.quantity ?? hold.quantity, run.now);
  if (verdict.outcome === "not_open") {
    await expect(call).rejects.toMatchObject({ code: "reservation_not_open" });
    return;
  }
  const answer = await call;
  if (verdict.outcome === "committed") {
    const { overCap, afterExpiry } = verdict;
    const acceptedQuantity = one.quantity ?? hold.quantity;
    expect(answer).toMatchObject({ allowed: true, acceptedQuantity, overCapQuantity: overCap, afterExpiry });
    nameEvent(run, before, answer.eventId as string);
  } else {
    expect(answer).toMatchObject({ allowed: false, reason: verdict.outcome });
  }
}

const asWebhook = (run: Run, work: (tx: Tx) => Promise<void>) =>
  withOrganization(webhook, run.organizationId, async (tx) => {
    await lockOrganization(tx, run.organizationId);
    await work(tx);
  });

/** What Stripe said, as the webhook app writes it; `start`: where a period starts that was not known. */
async function subscribe(run: Run, subscription: Subscription | null, start: number | null): Promise<void> {
  const { oracle, now } = run;
  run.facts =
    subscription === null
      ? { ...noSubscription, state: "ended" }
      : {
          ...noSubscription,
          source: "stripe",
          state: "active",
          planId: subscription.plan,
          planVersion: 1,
          limitsUntil: subscription.limitsUntil,
          overageAllowed: subscription.overageAllowed,
          anchor: subscription.anchor,
          periodStart: subscription.start,
          periodEnd: subscription.end,
          interval: "month",
          currency: "usd",
        };
  await asWebhook(run, (tx) =>
    writeSubscription(tx, run.organizationId, run.facts, { periodStart: start, now: new Date(now) }),
  );
  if (start === null) {
    oracle.changeTerms(subscription as Subscription, now);
  } else {
    oracle.changeSubscription(subscription, start, now);
  }
}

async function perform(run: Run, one: Command): Promise<void> {
  const { oracle, now, organizationId } = run;
  switch (one.do) {
    case "consume":
      return take(run, [one.event]);
    case "burst":
      return take(run, one.events);
    case "record":
      return recordLate(run, one.events);
    case "replay": {
      const sent = run.sent.at(-1 - one.which);
      return sent && take(run, [sent]);
    }
    case "check": {
      const answer = await check(world.context, await ownerMay(run, "usage.view"), one);
      const status = oracle.status(one.meter, now);
      const fits = (limit: number | null, used: number) => limit === null || used + one.quantity <= limit;
      const inPeriod = fits(status.hardCap, status.periodUsed + status.periodHeld);
      const inDay = fits(status.dailyLimit, status.dayUsed + status.dayHeld);
      const reason = inPeriod ? (inDay ? null : "daily_limit") : "hard_cap";
      expect(answer).toMatchObject({ allowed: reason === null, reason });
      return;
    }
    case "reserve": {
      const ttlSeconds = one.minutes * 60 + 30;
      const answer = await reserve(world.context, run.caller, { ...one, ttlSeconds });
      const verdict = oracle.reserve(one.meter, one.quantity, ttlSeconds, now);
      if (typeof verdict === "string") {
        expect(answer).toMatchObject({ allowed: false, reason: verdict, reservation: null });
      } else {
        expect(answer).toMatchObject({
          allowed: true,
          reservation: { status: "held", quantity: one.quantity },
        });
        run.holdIds[verdict.place] = decodeId("res", answer.reservation?.id ?? "") ?? "";
      }
      return;
    }
    case "commit":
      return commitHold(run, one);
    case "release": {
      const hold = oracle.holds.at(-1 - one.which);
      if (!hold) return;
      const call = outcomeOf(
        release(world.context, run.caller, { reservationId: run.holdIds[hold.place] ?? "" }),
      );
      expect(await call).toBe(oracle.release(hold, now) ? "ok" : "reservation_not_open");
      return;
    }
    case "void": {
      const voidable = oracle.events.filter(({ voids }) => voids === null);
      const voided = voidable.at(-1 - one.which);
      if (!voided) return;
      const eventId = decodeId("evt", run.eventIds.get(voided.place) ?? "") ?? "";
      const answer = await voidUsage(world.context, run.caller, { eventId });
      const before = oracle.events.length;
      const verdict = oracle.void(voided, now);
      expect(answer).toMatchObject({ quantity: voided.quantity, duplicate: verdict === "duplicate" });
      if (verdict === "voided") nameEvent(run, before, answer.eventId);
      return;
    }
    case "advance":
      run.now += one.minutes * minute;
      return;
    case "zone":
      await changeOrganization(world.context, await ownerMay(run, "organization.update"), {
        settings: { timeZone: one.zone },
      });
      oracle.changeZone(one.zone, now);
      return;
    case "subscribe": {
      const start = Math.floor(now / second) * second - one.ago * minute;
      const end = addMonths(start, one.yearly ? 12 : 1);
      const { plan } = one;
      const terms = { plan, anchor: start, start, end, overageAllowed: true, limitsUntil: null };
      return subscribe(run, terms, start);
    }
    case "changePlan":
      if (oracle.subscription === null || one.plan === "base") return;
      return subscribe(run, { ...oracle.subscription, plan: one.plan }, null);
    case "cancel":
      if (oracle.subscription === null) return;
      return subscribe(run, null, Math.floor(now / second) * second);
    case "scheduleCancel": {
      if (oracle.subscription === null) return;
      const limitsUntil = Math.floor(now / second) * second + one.minutes * minute;
      return subscribe(run, { ...oracle.subscription, limitsUntil }, null);
    }
    case "overageAllowed":
      if (oracle.subscription === null) return;
      return subscribe(run, { ...oracle.subscription, overageAllowed: one.allowed }, null);
    case "maxOverage": {
      const access = await ownerMay(run, "billing.manage");
      const outcome = await outcomeOf(
        setMaxOverages(world.context, access, { meter: one.meter, ...one.setting }),
      );
      expect(outcome).toBe(oracle.sellsOverage(one.meter, now) ? "ok" : "overage_not_available");
      if (outcome === "ok") oracle.setMaxOverage(one.meter, one.setting, now);
      return;
    }
    case "override": {
      const access = await operator(run);
      const expiresAt = one.minutes === null ? null : now + one.minutes * minute + 30 * second;
      await setOverride(world.context, access, {
        kind: one.kind,
        name: one.meter,
        value: one.value,
        reason: "for the model",
        expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      });
      oracle.setOverride(`${one.kind}:${one.meter}`, { value: one.value, expiresAt }, now);
      return;
    }
    case "removeOverride": {
      const call = removeOverride(world.context, await operator(run), { kind: one.kind, name: one.meter });
      const stood = oracle.removeOverride(`${one.kind}:${one.meter}`, now);
      expect(await outcomeOf(call)).toBe(stood ? "ok" : "resource_not_found");
      return;
    }
    case "alert": {
      const { window, ...threshold } = one.threshold;
      const access = await ownerMay(run, "organization.update");
      const made = await outcomeAnd(
        createAlert(world.context, access, { meter: one.meter, window, ...threshold }),
      );
      if (made === null) return; // twenty stand already
      const placed = oracle.addAlert({ meter: one.meter, window, ...threshold }, now);
      expect(run.alertIds.get(placed) ?? made.id).toBe(made.id);
      if (!run.alertIds.has(placed)) run.everyAlert.push([placed, made.id]);
      run.alertIds.set(placed, made.id);
      return;
    }
    case "removeAlert": {
      const [placed, id] = [...run.alertIds][one.which] ?? [];
      if (placed === undefined || id === undefined) return;
      await deleteAlert(world.context, await ownerMay(run, "organization.update"), {
        alertId: decodeId("alr", id) ?? "",
      });
      run.alertIds.delete(placed);
      oracle.removeAlert(placed, now);
      return;
    }
    case "close":
      await closeDuePeriods({ db: worker, log: world.context.log });
      oracle.close(now);
      return;
    case "expire":
      await expireReservations({ db: worker });
      oracle.expire(now);
      return;
    case "recompute": {
      const actor = { kind: "operator", name: "model" } as const;
      const { meters } = await recomputeUsage({ db: worker }, actor, { organizationId, dryRun: false });
      expect(meters.filter(({ changed }) => changed)).toEqual([]);
      oracle.touchAll(now);
    }
  }
}

const operator = ({ organizationId }: Run) =>
  authorize(world.context, { kind: "operator", name: "model" }, organizationId, "overrides.manage");

/** What a call answered; null when it was refused as not valid. */
async function outcomeAnd<Answer>(call: Promise<Answer>): Promise<Answer | null> {
  return call.catch((error: { code?: string }) => {
    if (error.code !== "validation_failed") throw error;
    return null;
  });
}

/** What is only seen in the tables: firings, closed periods, and that every counter is its recount. */
async function compareRecords(run: Run): Promise<void> {
  const { organizationId, oracle } = run;
  const { admin } = world.scratch;
  const { rows: firings } = await admin.query<{ alert_id: string; window_start: Date }>(
    "select alert_id, window_start from headroom.usage_alert_firing where organization_id = $1",
    [organizationId],
  );
  const placeOf = new Map(run.everyAlert.map(([place, id]) => [decodeId("alr", id), place]));
  expect(firings.map((row) => `${placeOf.get(row.alert_id)}@${row.window_start.getTime()}`).sort()).toEqual(
    [...oracle.firings].sort(),
  );
  const { rows: periods } = await admin.query<{ meter: string; period_start: Date; total: string | null }>(
    "select meter, period_start, total from headroom.usage_period where organization_id = $1",
    [organizationId],
  );
  const described = (meter: string, start: number, total: string | number | null) =>
    `${meter} ${start} ${total}`;
  expect(periods.map((row) => described(row.meter, row.period_start.getTime(), row.total)).sort()).toEqual(
    oracle.periods.map((period) => described(period.meter, period.start, period.total)).sort(),
  );
  for (const gate of await recountUsage(worker, organizationId)) {
    expect(gate).toMatchObject({ dayUsed: gate.dayCounted, periodUsed: gate.periodCounted });
  }
}

const commands = inject("meteringCommands");

test(`${commands} commands: every answer, window, alert and total is the oracle's`, async () => {
  const tally: Record<string, number> = {};
  const start = fc.integer({ min: Date.UTC(2027, 0, 1) / minute, max: Date.UTC(2029, 0, 1) / minute });
  await fc.assert(
    fc.asyncProperty(
      start,
      fc.array(command, { minLength: commandsInARun, maxLength: commandsInARun }),
      async (startMinute, drawn) => {
        const run = await startRun(startMinute * minute + second / 2);
        for (const [index, one] of drawn.entries()) {
          // Half a second past: no boundary is near, however long the call takes.
          await world.make.setClock(new Date(run.now).toISOString());
          await perform(run, one).catch((error: unknown) => {
            throw new Error(`command ${index}, at ${new Date(run.now).toISOString()}`, { cause: error });
          });
          tally[one.do] = (tally[one.do] ?? 0) + 1;
          await world.make.setClock(new Date(run.now).toISOString());
          expect(await seen(run), `after command ${index} (${one.do})`).toEqual(foreseen(run));
        }
        await compareRecords(run);
        await forget(run);
      },
    ),
    // Shrinking takes minutes: with the seed that a failure prints, and without this, it finds the shortest run.
    { numRuns: Math.ceil(commands / commandsInARun), endOnFailure: true },
  );
  expect(Object.values(tally).reduce((sum, times) => sum + times, 0)).toBeGreaterThanOrEqual(commands);
}, 7_200_000);

/** Later runs close what is due in every organization: this one is over. */
async function forget({ organizationId }: Run): Promise<void> {
  for (const table of ["usage_gate", "usage_period", "usage_reservation"]) {
    await world.scratch.admin.query(`delete from headroom.${table} where organization_id = $1`, [
      organizationId,
    ]);
  }
}
