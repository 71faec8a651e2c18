import type { Database } from "@headroom/db/client";
import { readClock } from "@headroom/db/clock";
import { writeSubscription } from "@headroom/db/subscriptions";
import { lockOrganization, withOrganization } from "@headroom/db/tenancy";
import { type MeterStatus, readUsageStatus } from "@headroom/db/usage-readings";
import { noSubscription, type SubscriptionFacts } from "@headroom/domain/subscriptions";
import { uuidv7 } from "@headroom/platform/uuid";
import { expect } from "vitest";
import { verifyUsage } from "../metering.ts";
import { changeOrganization } from "../organizations.ts";
import { closeDuePeriods } from "../overage-reporting.ts";
import { type ConsumeAnswer, consume, record } from "../usage.ts";
import { createUsageLane, type UsageLane } from "../usage-lane.ts";
import { getUsageHistory } from "../usage-reading.ts";
import { accessTo, createWorld, type World } from "./world.ts";

/** An organization whose usage is watched. Quantities are units, instants ISO 8601. */
export interface Metered {
  id: string;
  /** Takes units now, all or nothing. */
  take(quantity: number, meter?: string): Promise<ConsumeAnswer>;
  /** Takes one unit after the other until one is refused; answers how many there were. At most 300. */
  drain(meter?: string): Promise<number>;
  /** Records what happened at an instant. */
  late(quantity: number, occurredAt: string, meter?: string): Promise<void>;
  status(meter?: string): Promise<MeterStatus>;
  /** Moves to another zone, as its owner does. */
  move(timeZone: string): Promise<void>;
  /** Units of each of the last days, as "date units". */
  history(days: number, meter?: string): Promise<string[]>;
  /** Writes what Stripe says of its subscription, as a webhook does. Dates are instants. */
  subscribe(facts: Partial<Record<keyof SubscriptionFacts, unknown>>, start: string | null): Promise<void>;
  /** Every period that was left: "start end", with total and plan once it is closed. */
  periods(meter?: string): Promise<LeftPeriod[]>;
  /** What is to be billed: the start of each period, and its units of overage. */
  ledger(): Promise<[start: string, quantity: number][]>;
  /** Local date, start of the period and units of every event, in the order of their arrival. */
  events(meter?: string): Promise<{ date: string; period: string; quantity: number }[]>;
  /** Every counter of it equals the recount of its events. */
  verify(): Promise<void>;
}

export interface LeftPeriod {
  start: string;
  end: string;
  plan: string;
  included: number | null;
  billable: boolean;
  /** null: not closed yet. */
  total: number | null;
}

/** A world with a worker, and two plans: free (100 pages a day, 10 jobs), pro (1,000 pages, 100 jobs, overage to 50). */
export interface UsageBench {
  world: World;
  worker: Database;
  lane: UsageLane;
  metered(more?: { timeZone?: string }): Promise<Metered>;
  setClock(at: string | number): Promise<void>;
  /** Closes every period that is due, as the worker's tick does. */
  close(): Promise<number>;
  end(): Promise<void>;
}

export async function openUsageBench(): Promise<UsageBench> {
  const world = await createWorld();
  const worker = await world.scratch.connect("hr_worker");
  const lane = createUsageLane(world.context.db);
  const { make, scratch } = world;
  const jobs = { dailyLimit: null, included: 10, overage: null };
  await scratch.admin.query("insert into headroom.meter values ('jobs', 'jobs', false, 1)");
  await scratch.admin.query(
    "insert into headroom.plan_meter values ('free', 1, 'jobs', null, $1, false, null, null, null, null)",
    [jobs.included],
  );
  const overage = { unitPrice: "2.5", currency: "usd", otherPrices: [], maxOverage: 50, ceiling: null };
  const sold = {
    pages: { dailyLimit: 1000, included: null, overage: null },
    jobs: { ...jobs, included: 100, overage },
  };
  await make.plan("pro", sold, { isDefault: false });
  return {
    world,
    worker,
    lane,
    metered: (more) => openMetered(world, worker, lane, more),
    setClock: (at) => make.setClock(typeof at === "number" ? new Date(at).toISOString() : at),
    close: async () => (await closeDuePeriods({ db: worker, log: world.context.log })).closed,
    async end() {
      await worker.close();
      await world.close();
    },
  };
}

async function openMetered(
  world: World,
  worker: Database,
  lane: UsageLane,
  { timeZone = "UTC" }: { timeZone?: string } = {},
): Promise<Metered> {
  const { context, scratch } = world;
  const owner = await world.person();
  const id = await world.organization(owner);
  await scratch.admin.query("update headroom.organization set time_zone = $2 where id = $1", [id, timeZone]);
  const caller = { credential: await world.make.key(id), organizationId: null };
  const take = (quantity: number, meter = "pages") =>
    consume(lane, caller, { quantity, mode: "reject", meter });
  return {
    id,
    take,
    async drain(meter) {
      let taken = 0;
      while (taken < 300 && (await take(1, meter)).allowed) taken += 1;
      return taken;
    },
    async late(quantity, occurredAt, meter = "pages") {
      await record(context, caller, [{ quantity, occurredAt, meter }]);
    },
    async status(meter = "pages") {
      const found = (await readUsageStatus(context.db, id)).find((one) => one.meter === meter);
      return found as MeterStatus;
    },
    async move(zone) {
      const access = await accessTo(context, owner, id, "organization.update");
      await changeOrganization(context, access, { settings: { timeZone: zone, billingEmail: undefined } });
    },
    async history(days, meter = "pages") {
      const access = await accessTo(context, owner, id, "usage.view");
      const read = await getUsageHistory(context, access, { days, meter });
      return read.days.map(({ date, meters }) => `${date} ${meters[0]?.used}`);
    },
    async subscribe(facts, start) {
      const instants = ["limitsUntil", "anchor", "periodStart", "periodEnd", "trialEnd", "cancelAt"];
      const read = Object.entries(facts).map(([name, value]) => [
        name,
        instants.includes(name) && typeof value === "string" ? Date.parse(value) : value,
      ]);
      await withOrganization(worker, id, async (tx) => {
        await lockOrganization(tx, id);
        await writeSubscription(
          tx,
          id,
          { ...noSubscription, ...Object.fromEntries(read) },
          { periodStart: start === null ? null : Date.parse(start), now: await readClock(tx) },
        );
      });
    },
    async periods(meter = "jobs") {
      const { rows } = await scratch.admin.query(
        `select period_start, period_end, plan_id as plan, included::int, billable, total::int
         from headroom.usage_period where organization_id = $1 and meter = $2 order by period_start`,
        [id, meter],
      );
      return rows.map(({ period_start: start, period_end: end, ...rest }) => ({
        start: start.toISOString(),
        end: end.toISOString(),
        ...rest,
      }));
    },
    async ledger() {
      const { rows } = await scratch.admin.query(
        "select period_start, quantity::int from headroom.overage where organization_id = $1 order by period_start",
        [id],
      );
      return rows.map((row) => [row.period_start.toISOString(), row.quantity]);
    },
    async events(meter = "pages") {
      const { rows } = await scratch.admin.query(
        `select local_date::text as date, period_start, quantity::int from headroom.usage_event
         where organization_id = $1 and meter = $2 order by received_at, id`,
        [id, meter],
      );
      return rows.map(({ date, period_start: start, quantity }) => ({
        date,
        period: start.toISOString(),
        quantity,
      }));
    },
    async verify() {
      expect((await verifyUsage({ db: worker }, { organizationId: id })).mismatches).toEqual([]);
    },
  };
}

/** A subscription to the plan pro through Stripe, active since its anchor. */
export const pro = (
  anchor: string,
  periodEnd: string,
  periodStart = anchor,
): Partial<SubscriptionFacts> & object =>
  ({
    source: "stripe",
    state: "active",
    planId: "pro",
    planVersion: 1,
    overageAllowed: true,
    anchor: Date.parse(anchor),
    periodStart: Date.parse(periodStart),
    periodEnd: Date.parse(periodEnd),
    interval: "month",
    currency: "usd",
    subscriptionId: `sub_${uuidv7()}`,
    status: "active",
  }) satisfies Partial<SubscriptionFacts>;
