import type pg from "pg";
import type { Mode } from "./metering-plan.ts";

/** An event as it is stored, with the readings of its gate after it. */
export type EventRow = {
  key: string;
  id: string;
  mode: Mode;
  quantity: number;
  overCap: number;
  localDate: string;
  periodStart: string;
  /** True where it counted in the day, or the period, that was running when it was admitted. */
  inDay: boolean;
  inPeriod: boolean;
  dayUsed: number;
  dailyLimit: number | null;
  dayEnd: string;
  periodUsed: number;
  hardCap: number | null;
  periodEnd: string;
};

const numbers = ["quantity", "overCap", "dayUsed", "dailyLimit", "periodUsed", "hardCap"] as const;
const instants = ["periodStart", "dayEnd", "periodEnd"] as const;

/** Every event of one meter of an organization whose periods are calendar months. */
export async function readEvents(admin: pg.Pool, organizationId: string, meter: string): Promise<EventRow[]> {
  const { rows } = await admin.query(
    `select u.key, u.id, mode, quantity, over_cap as "overCap", local_date::text as "localDate",
       period_start as "periodStart", day_used as "dayUsed", daily_limit as "dailyLimit", day_end as "dayEnd",
       period_used as "periodUsed", hard_cap as "hardCap", period_end as "periodEnd",
       local_date = (day_end at time zone o.time_zone)::date - 1 as "inDay",
       u.period_start = ((period_end at time zone o.time_zone) - interval '1 month') at time zone o.time_zone
         as "inPeriod"
     from headroom.usage_event u join headroom.organization o on o.id = u.organization_id
     where u.organization_id = $1 and u.meter = $2`,
    [organizationId, meter],
  );
  for (const row of rows) {
    for (const name of numbers) row[name] = row[name] === null ? null : Number(row[name]);
    for (const name of instants) row[name] = row[name].toISOString();
  }
  return rows;
}

/** Closed periods whose total is not the sum of their events, and tallies that are not. Empty when all agree. */
export async function readDisagreements(admin: pg.Pool): Promise<unknown[]> {
  const { rows } = await admin.query(
    `with counted as (
       select organization_id, meter, period_start, local_date, sum(quantity) as quantity, sum(over_cap) as over_cap,
         count(*) as events
       from headroom.usage_event group by 1, 2, 3, 4
     ), sealed as (
       select organization_id, meter, period_start, local_date, sum(e.quantity) as quantity,
         sum(e.over_cap) as over_cap, count(*) as events
       from headroom.usage_event e join headroom.usage_partition p using (received_on)
       where p.sealed_at is not null group by 1, 2, 3, 4
     ), tallied as (
       select organization_id, meter, period_start, local_date, sum(quantity) as quantity, sum(over_cap) as over_cap,
         sum(events) as events
       from headroom.usage_tally group by 1, 2, 3, 4
     ), periods as (
       select organization_id, meter, period_start, sum(quantity) as quantity, sum(over_cap) as over_cap
       from counted group by 1, 2, 3
     )
     (select 'tally' as what, organization_id, meter, c.quantity as counted, t.quantity as kept
      from sealed c full join tallied t using (organization_id, meter, period_start, local_date)
      where (c.quantity, c.over_cap, c.events) is distinct from (t.quantity, t.over_cap, t.events))
     union all
     (select 'period', organization_id, meter, coalesce(c.quantity, 0), p.total
      from headroom.usage_period p left join periods c using (organization_id, meter, period_start)
      where p.closed_at is null
        or (coalesce(c.quantity, 0), coalesce(c.over_cap, 0)) is distinct from (p.total, p.over_cap))
     limit 20`,
  );
  return rows;
}

/** How many closed periods have usage. */
export async function countClosedPeriods(admin: pg.Pool): Promise<number> {
  const { rows } = await admin.query<{ count: number }>(
    "select count(*)::integer as count from headroom.usage_period where closed_at is not null and total > 0",
  );
  return rows[0]?.count ?? 0;
}
