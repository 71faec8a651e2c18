import type { LimitOverride, PlanMeterTerms } from "@headroom/domain/limit-explanations";
import { plainPrice } from "@headroom/domain/money";
import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** The gate of a meter as it stands now, and the instant that it was read at. */
export interface GateState {
  at: Date;
  zone: string;
  date: string;
  dayStart: Date;
  dayEnd: Date;
  dayUsed: number;
  dayHeld: number;
  periodStart: Date;
  periodEnd: Date;
  periodUsed: number;
  periodHeld: number;
  dailyLimit: number | null;
  included: number | null;
  maxOverage: number | null;
  hardCap: number | null;
  planId: string;
  planVersion: number;
}

/** The gate of an active meter, rolled to the present; null: there is no such meter. `meter` null: the default one. */
export async function readGateState(
  tx: Tx,
  organizationId: string,
  meter: string | null,
): Promise<(GateState & { meter: string }) | null> {
  const { rows } = await sql<GateState & { meter: string }>`
    select g.meter, clock_now() as at, g.zone, g.day_date as date, g.day_start as "dayStart", g.day_end as "dayEnd",
      g.day_used as "dayUsed", g.day_held as "dayHeld", g.period_start as "periodStart",
      g.period_end as "periodEnd", g.period_used as "periodUsed", g.period_held as "periodHeld",
      g.daily_limit as "dailyLimit", g.included, g.max_overage as "maxOverage", g.hard_cap as "hardCap",
      g.plan_id as "planId", g.plan_version as "planVersion"
    from usage_status(${organizationId}) g join meter m on m.name = g.meter
    where g.meter = coalesce(${meter}, (select name from meter where is_default))`.execute(tx);
  return rows[0] ?? null;
}

/**
 * What a plan version says of a meter; null: it is older than the meter.
 * @param currency what the organization pays in: the price is the one in it; null: nothing yet, the plan's first.
 */
export async function readPlanMeter(
  tx: Tx,
  plan: { id: string; version: number },
  { meter, currency }: { meter: string; currency: string | null },
): Promise<PlanMeterTerms | null> {
  const { rows } = await sql<PlanMeterTerms>`
    select pm.daily_limit as "dailyLimit", pm.included, pm.overage, pm.max_overage_default as "maxOverageDefault",
      pm.max_overage_ceiling as "maxOverageCeiling", price.unit_price as "unitPrice", price.currency,
      pm.bill_above_cap as "billAboveCap"
    from plan_meter pm cross join lateral overage_price(pm, ${currency}) price
    where pm.plan_id = ${plan.id} and pm.plan_version = ${plan.version} and pm.meter = ${meter}`.execute(tx);
  const [row] = rows;
  return row ? { ...row, unitPrice: row.unitPrice === null ? null : plainPrice(row.unitPrice) } : null;
}

/** What the organization allows itself; null: the plan's default. */
export async function readOverageSetting(
  tx: Tx,
  organizationId: string,
  meter: string,
): Promise<{ units: number | null; cents: number | null } | null> {
  const row = await tx
    .selectFrom("max_overage")
    .select(["units", "cents"])
    .where("organization_id", "=", organizationId)
    .where("meter", "=", meter)
    .executeTakeFirst();
  return row ?? null;
}

/** The limits of a meter that an operator set and that hold at an instant. */
export async function listLimitOverrides(
  tx: Tx,
  organizationId: string,
  meter: string,
  at: Date,
): Promise<LimitOverride[]> {
  const { rows } = await sql<Omit<LimitOverride, "expiresAt"> & { expiresAt: Date | null }>`
    select kind as "limit", value, expires_at as "expiresAt" from operator_override
    where organization_id = ${organizationId} and kind in ('daily_limit', 'included') and name = ${meter}
      and (expires_at is null or expires_at > ${at})`.execute(tx);
  return rows.map(({ expiresAt, ...override }) => ({ ...override, expiresAt: expiresAt?.getTime() ?? null }));
}
