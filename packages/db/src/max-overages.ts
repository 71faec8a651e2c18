import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** Keeps what the organization allows itself, as given: units, or money. */
export async function writeMaxOverage(
  tx: Tx,
  organizationId: string,
  meter: string,
  setting: { units: number | null; cents: number | null },
  now: Date,
): Promise<void> {
  const row = { ...setting, updated_at: now };
  await tx
    .insertInto("max_overage")
    .values({ organization_id: organizationId, meter, ...row })
    .onConflict((conflict) => conflict.columns(["organization_id", "meter"]).doUpdateSet(row))
    .execute();
}

/** Back to the plan's default. */
export async function clearMaxOverage(tx: Tx, organizationId: string, meter: string): Promise<void> {
  await tx
    .deleteFrom("max_overage")
    .where("organization_id", "=", organizationId)
    .where("meter", "=", meter)
    .execute();
}

/** What holds for one meter of an organization now. */
export interface OverageSetting {
  meter: string;
  /** In force; null: no cap. */
  maxOverage: number | null;
  hardCap: number | null;
  used: number;
  included: number | null;
  /** The plan in force has overage terms for the meter. */
  sold: boolean;
  /** The terms can be used now: sold, and the subscription's state allows it. */
  allowed: boolean;
  /** The organization set its own. */
  own: boolean;
  unitPrice: string | null;
}

/** Every active meter, with the terms of the plan whose limits hold. */
export async function listOverageSettings(tx: Tx, organizationId: string): Promise<OverageSetting[]> {
  const { rows } = await sql<OverageSetting>`
    select g.meter, g.max_overage as "maxOverage", g.hard_cap as "hardCap", g.period_used as used, g.included,
      coalesce(pm.overage, false) as sold,
      coalesce(pm.overage and s.overage_allowed and f.paid, false) as allowed,
      own.meter is not null as own, price.unit_price as "unitPrice"
    from usage_status(${organizationId}) g
    join subscription s on s.organization_id = ${organizationId}
    cross join lateral plan_in_force(s, clock_now()) f
    left join plan_meter pm on pm.plan_id = f.plan_id and pm.plan_version = f.plan_version and pm.meter = g.meter
    left join lateral overage_price(pm, s.currency) price on pm.meter is not null
    left join max_overage own on own.organization_id = ${organizationId} and own.meter = g.meter`.execute(tx);
  return rows;
}
