import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** A period that the gate has left, with the terms that it ended under. */
export interface LeftPeriod {
  start: Date;
  end: Date;
  planId: string;
  planVersion: number;
  included: number | null;
  hardCap: number | null;
  unitPrice: string | null;
  currency: string | null;
  billable: boolean;
  billAboveCap: boolean;
  /** null: it is not counted yet, and late events still land in it. */
  closedAt: Date | null;
  total: number | null;
  overCap: number | null;
}

/** The period of a meter that starts at an instant; null: the gate has left no such period. */
export async function readLeftPeriod(
  tx: Tx,
  organizationId: string,
  meter: string,
  start: Date,
): Promise<LeftPeriod | null> {
  const { rows } = await sql<LeftPeriod>`
    select p.period_start as start, p.period_end as "end", p.plan_id as "planId", p.plan_version as "planVersion",
      p.included, p.hard_cap as "hardCap", p.unit_price as "unitPrice", p.currency, p.billable,
      coalesce(pm.bill_above_cap, false) as "billAboveCap", p.closed_at as "closedAt", p.total,
      p.over_cap as "overCap"
    from usage_period p
    left join plan_meter pm on pm.plan_id = p.plan_id and pm.plan_version = p.plan_version and pm.meter = p.meter
    where p.organization_id = ${organizationId} and p.meter = ${meter} and p.period_start = ${start}`.execute(
    tx,
  );
  return rows[0] ?? null;
}

/** Where the period before an instant's starts; null: none was left before it. */
export async function readPreviousStart(
  tx: Tx,
  organizationId: string,
  meter: string,
  before: Date,
): Promise<Date | null> {
  const row = await tx
    .selectFrom("usage_period")
    .select("period_start")
    .where("organization_id", "=", organizationId)
    .where("meter", "=", meter)
    .where("period_start", "<", before)
    .orderBy("period_start", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.period_start ?? null;
}

/** The period that a row of the ledger bills; null: there is no such row. */
export async function readBilledPeriod(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<{ meter: string; periodStart: Date } | null> {
  const row = await tx
    .selectFrom("overage")
    .select(["meter", "period_start as periodStart"])
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row ?? null;
}

/** What a period can be recognized by. */
export async function readPeriodMarks(
  tx: Tx,
  organizationId: string,
  { start, zone }: { start: Date; zone: string },
): Promise<{ monthStart: Date; anchoredStart: Date | null; months: number | null }> {
  const { rows } = await sql<{ monthStart: Date; anchoredStart: Date | null; months: number | null }>`
    select date_trunc('month', ${start}::timestamptz at time zone ${zone}) at time zone ${zone} as "monthStart",
      m.period_start as "anchoredStart",
      ((extract(year from m.period_start at time zone 'UTC') - extract(year from s.anchor at time zone 'UTC')) * 12
        + extract(month from m.period_start at time zone 'UTC') - extract(month from s.anchor at time zone 'UTC'))::integer
        as months
    from subscription s left join lateral month_of(s.anchor, ${start}) m on s.anchor is not null
    where s.organization_id = ${organizationId}`.execute(tx);
  return rows[0] as { monthStart: Date; anchoredStart: Date | null; months: number | null };
}

/** The bounds of a local date in a zone. */
export async function readDayBounds(tx: Tx, zone: string, date: string): Promise<{ start: Date; end: Date }> {
  const { rows } = await sql<{ start: Date; end: Date }>`
    select ${date}::date::timestamp at time zone ${zone} as start,
      (${date}::date + 1)::timestamp at time zone ${zone} as "end"`.execute(tx);
  return rows[0] as { start: Date; end: Date };
}

/** The present, and the zone that the organization's next day will have. */
export async function readPlace(tx: Tx, organizationId: string): Promise<{ at: Date; zone: string }> {
  const { rows } = await sql<{ at: Date; zone: string }>`
    select clock_now() as at, time_zone as zone from organization where id = ${organizationId}`.execute(tx);
  return rows[0] as { at: Date; zone: string };
}
