import type { SeatCounts } from "@headroom/domain/seats";
import type { SubscriptionFacts, SubscriptionState } from "@headroom/domain/subscriptions";
import { sql } from "kysely";
import { clock } from "./clock.ts";
import { seatCounts } from "./seats.ts";
import type { Tx } from "./tenancy.ts";

/** The limits of a meter as they hold now; null: no limit. */
export interface MeterLimits {
  meter: string;
  dailyLimit: number | null;
  included: number | null;
  maxOverage: number | null;
  hardCap: number | null;
}

/** What an organization may do, as it stands at one instant. */
export interface EntitlementFacts {
  at: Date;
  /** The plan in force. */
  planId: string;
  planVersion: number;
  displayName: string;
  state: SubscriptionState;
  source: SubscriptionFacts["source"];
  limitsUntil: Date | null;
  /** The plan's, under the operators' overrides. */
  features: Readonly<Record<string, boolean | number | string>>;
  seats: SeatCounts;
  /** Every active meter, in the catalogue's order. */
  meters: readonly MeterLimits[];
  /** The next instant at which anything of this changes by itself; null: none is known. */
  validUntil: Date | null;
}

/** In one statement. */
export async function readEntitlements(tx: Tx, organizationId: string): Promise<EntitlementFacts> {
  const { rows } = await sql<EntitlementFacts>`${clock}
    select clock.now as at, p.id as "planId", p.version as "planVersion", p.display_name as "displayName",
      s.state, s.source, s.limits_until as "limitsUntil",
      coalesce(p.definition -> 'features', '{}') || (
        select coalesce(jsonb_object_agg(v.name, v.value), '{}') from operator_override v
        where v.organization_id = s.organization_id and v.kind = 'feature'
          and (v.expires_at is null or clock.now < v.expires_at)) as features,
      ${seatCounts(organizationId)} as seats,
      (select coalesce(jsonb_agg(jsonb_build_object('meter', g.meter, 'dailyLimit', g.daily_limit,
          'included', g.included, 'maxOverage', g.max_overage, 'hardCap', g.hard_cap) order by g.ordinality), '[]')
        from usage_status(s.organization_id) with ordinality g) as meters,
      least(
        f.until,
        case when clock.now < s.trial_end and s.state = 'trialing' then s.trial_end end,
        (select min(v.expires_at) from operator_override v
          where v.organization_id = s.organization_id and clock.now < v.expires_at),
        (select min(i.expires_at) from invite i
          where i.organization_id = s.organization_id and i.status = 'pending' and clock.now < i.expires_at)
      ) as "validUntil"
    from clock
    join subscription s on s.organization_id = ${organizationId}::uuid
    cross join lateral plan_in_force(s, clock.now) f
    join plan p on p.id = f.plan_id and p.version = f.plan_version`.execute(tx);
  const row = rows[0];
  if (row === undefined) {
    throw new Error(`organization ${organizationId} has no subscription row`);
  }
  return row;
}
