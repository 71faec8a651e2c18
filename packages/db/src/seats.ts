import type { SeatCounts, SeatOffer, SeatTerms } from "@headroom/domain/seats";
import { type RawBuilder, sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/**
 * What seats are counted from, as a part of a statement that starts with `clock`: members and open invites, and the
 * seat terms of the plan in force, which is the subscription's while its limits hold, else the base plan, which sells
 * none, and an operator's override. null when there is no such organization.
 */
export function seatCounts(organizationId: string): RawBuilder<SeatCounts> {
  return sql<SeatCounts>`(
    select jsonb_build_object(
      'plan', jsonb_build_object(
        'planId', p.id, 'kind', p.seats_kind, 'included', coalesce(p.seats_included, 0), 'max', p.seats_max),
      'purchased', case when f.paid then s.seats_purchased else 0 end,
      'members', (
        select jsonb_build_object(
          'owner', count(*) filter (where m.role = 'owner'),
          'admin', count(*) filter (where m.role = 'admin'),
          'member', count(*) filter (where m.role = 'member'))
        from membership m where m.organization_id = s.organization_id),
      'pending', (
        select count(*) from invite i
        where i.organization_id = s.organization_id and i.status = 'pending'
          and i.expires_at > (select now from clock)),
      'override', (
        select jsonb_build_object('limit', o.value) from operator_override o
        where o.organization_id = s.organization_id and o.kind = 'seats'
          and (o.expires_at is null or o.expires_at > (select now from clock))))
    from subscription s
    cross join lateral plan_in_force(s, (select now from clock)) f
    join plan p on p.id = f.plan_id and p.version = f.plan_version
    where s.organization_id = ${organizationId}::uuid)`;
}

/** The plans that anybody can buy now, in the catalogue's order, except one. */
export async function listSeatOffers(tx: Tx, exceptPlanId: string): Promise<SeatOffer[]> {
  const rows = await tx
    .selectFrom("plan as p")
    .select((eb) => [
      "p.id",
      "p.display_name",
      "p.seats_kind",
      "p.seats_included",
      "p.seats_max",
      eb
        .exists(
          eb
            .selectFrom("plan_price as s")
            .whereRef("s.plan_id", "=", "p.id")
            .whereRef("s.plan_version", "=", "p.version")
            .where("s.role", "=", "seat"),
        )
        .as("sells_seats"),
    ])
    .where("p.is_current", "=", true)
    .where("p.is_public", "=", true)
    .where("p.active", "=", true)
    .where("p.id", "<>", exceptPlanId)
    .orderBy("p.position")
    .execute();
  return rows.map((row) => ({
    planId: row.id,
    displayName: row.display_name,
    kind: row.seats_kind as SeatTerms["kind"],
    included: row.seats_included ?? 0,
    max: row.seats_max,
    sellsSeats: Boolean(row.sells_seats),
  }));
}
