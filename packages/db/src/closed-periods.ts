import { type RawBuilder, sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** An ended period as it was closed: counted, and nothing lands in it any more. */
export interface ClosedPeriod {
  meter: string;
  periodStart: Date;
  periodEnd: Date;
  planId: string;
  planVersion: number;
  included: number | null;
  /** In force when the period ended; null: none. */
  hardCap: number | null;
  /** null: the plan had no overage terms. */
  unitPrice: string | null;
  currency: string | null;
  /** A subscription through Stripe that was no trial. */
  billable: boolean;
  billAboveCap: boolean;
  total: number;
  overCap: number;
  /** Nothing of it is ever billed by us. */
  shadow: boolean;
  /** A void took something from the total since the period was closed. */
  amendedAt: Date | null;
}

/** Rolls gates whose period has ended, so that idle ones are written down too; not those in use. Answers how many. */
export async function leaveEndedPeriods(tx: Tx, most: number): Promise<number> {
  const { rows } = await sql<{ left: number }>`select leave_ended_periods(${most}) as left`.execute(tx);
  return rows[0]?.left ?? 0;
}

export interface PeriodKey {
  organizationId: string;
  meter: string;
  periodStart: Date;
}

/** Ended periods of any organization that are not counted yet. */
export async function listUnclosedPeriods(tx: Tx, most: number): Promise<PeriodKey[]> {
  const { rows } = await sql<PeriodKey>`
    select organization_id as "organizationId", meter, period_start as "periodStart"
    from unclosed_periods(${most})`.execute(tx);
  return rows;
}

/** Counts and closes an ended period; null when another process was faster. */
export async function closePeriod(tx: Tx, key: PeriodKey): Promise<ClosedPeriod | null> {
  return readPeriod(tx, sql`close_period(${key.organizationId}, ${key.meter}, ${key.periodStart})`);
}

/** Decides, for a period that is being closed, whether it is billed; it stays so. */
export async function decideShadow(tx: Tx, key: PeriodKey): Promise<boolean> {
  const { rows } = await sql<{ shadow: boolean }>`
    select decide_shadow(${key.organizationId}, ${key.meter}, ${key.periodStart}) as shadow`.execute(tx);
  return rows[0]?.shadow ?? false;
}

/** Takes a closed period that is to be rated again, until the transaction ends; null when another process was faster. */
export async function takePeriod(tx: Tx, key: PeriodKey): Promise<ClosedPeriod | null> {
  return readPeriod(tx, sql`take_period(${key.organizationId}, ${key.meter}, ${key.periodStart})`);
}

async function readPeriod(tx: Tx, source: RawBuilder<unknown>): Promise<ClosedPeriod | null> {
  const { rows } = await sql<ClosedPeriod>`
    select ${periodColumns}
    from ${source} p ${billAboveCap}
    where p.organization_id is not null`.execute(tx);
  return rows[0] ?? null;
}

const periodColumns = sql.raw(`p.meter, p.period_start as "periodStart", p.period_end as "periodEnd",
  p.plan_id as "planId", p.plan_version as "planVersion", p.included, p.hard_cap as "hardCap",
  p.unit_price as "unitPrice", p.currency, p.billable, coalesce(pm.bill_above_cap, false) as "billAboveCap",
  p.total, p.over_cap as "overCap", p.shadow, p.amended_at as "amendedAt"`);
const billAboveCap =
  sql.raw(`left join plan_meter pm on pm.plan_id = p.plan_id and pm.plan_version = p.plan_version
  and pm.meter = p.meter`);

/** Closed periods of any organization whose bill does not follow their total yet. */
export async function listPeriodsToRate(tx: Tx, most: number): Promise<PeriodKey[]> {
  const { rows } = await sql<PeriodKey>`
    select organization_id as "organizationId", meter, period_start as "periodStart"
    from periods_to_rate(${most})`.execute(tx);
  return rows;
}

/** Has a closed period rated again. */
export async function rateAgain(tx: Tx, key: PeriodKey): Promise<void> {
  await sql`select rate_again(${key.organizationId}, ${key.meter}, ${key.periodStart})`.execute(tx);
}

/** Every closed period of an organization that ended at or after an instant (null: ever), the oldest first. */
export async function listClosedPeriods(
  tx: Tx,
  organizationId: string,
  since: Date | null,
): Promise<(ClosedPeriod & { counted: number; countedOverCap: number })[]> {
  const { rows } = await sql<ClosedPeriod & { counted: number; countedOverCap: number }>`
    select ${periodColumns}, coalesce(sums.counted, 0)::bigint as counted,
      coalesce(sums.over_cap, 0)::bigint as "countedOverCap"
    from usage_period p ${billAboveCap}
    cross join lateral (
      select sum(s.quantity) as counted, sum(s.over_cap) as over_cap
      from usage_sums(p.organization_id, p.meter, p.period_start) s) sums
    where p.organization_id = ${organizationId} and p.closed_at is not null
      and (${since}::timestamptz is null or p.period_end >= ${since})
    order by p.period_start, p.meter`.execute(tx);
  return rows;
}

/** A part of a period that ended with a plan change and is settled by its own terms. */
export interface SegmentRow {
  meter: string;
  periodStart: Date;
  position: number;
  planId: string;
  planVersion: number;
  included: number | null;
  hardCap: number | null;
  unitPrice: string;
  currency: string;
  billAboveCap: boolean;
  used: number;
  overCap: number;
  endedAt: Date;
}

/** The segments of an organization's periods that start at or after an instant (null: of all), in order. */
export async function listSegments(
  tx: Tx,
  organizationId: string,
  period: { meter: string; periodStart: Date } | null = null,
): Promise<SegmentRow[]> {
  let query = tx
    .selectFrom("usage_segment")
    .select(["meter", "period_start as periodStart", "position", "plan_id as planId"])
    .select(["plan_version as planVersion", "included", "hard_cap as hardCap", "unit_price as unitPrice"])
    .select([
      "currency",
      "bill_above_cap as billAboveCap",
      "used",
      "over_cap as overCap",
      "ended_at as endedAt",
    ])
    .where("organization_id", "=", organizationId);
  if (period !== null) {
    query = query.where("meter", "=", period.meter).where("period_start", "=", period.periodStart);
  }
  return query.orderBy("meter").orderBy("period_start").orderBy("position").execute();
}

/** What a running period has cost so far beyond the plan. */
export interface AccruedPeriod {
  meter: string;
  planId: string;
  planVersion: number;
  periodStart: Date;
  periodEnd: Date;
  total: number;
  overCap: number;
  included: number;
  hardCap: number | null;
  unitPrice: string;
  currency: string;
  billAboveCap: boolean;
}

/** The running periods of an organization whose plan sells overage. As hr_api. */
export async function listAccruedPeriods(tx: Tx, organizationId: string): Promise<AccruedPeriod[]> {
  const { rows } = await sql<AccruedPeriod>`
    select g.meter, pm.plan_id as "planId", pm.plan_version as "planVersion", g.period_start as "periodStart", g.period_end as "periodEnd", g.period_used as total,
      coalesce(u.over_cap, 0)::bigint as "overCap", g.included, g.hard_cap as "hardCap",
      price.unit_price as "unitPrice", price.currency, pm.bill_above_cap as "billAboveCap"
    from usage_status(${organizationId}) g
    join subscription s on s.organization_id = ${organizationId}
    join plan_meter pm on pm.plan_id = g.plan_id and pm.plan_version = g.plan_version and pm.meter = g.meter
    cross join lateral overage_price(pm, s.currency) price
    cross join lateral (
      select sum(s.over_cap) as over_cap from usage_sums(${organizationId}, g.meter, g.period_start) s
    ) u
    where pm.overage and g.included is not null`.execute(tx);
  return rows;
}
