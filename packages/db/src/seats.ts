import type { SeatOffer, SeatTerms } from "@headroom/domain/seats";
import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/**
 * The seat terms of the plan in force at an instant, and the seats bought with it: the subscription's plan while its
 * limits hold, else the base plan, which sells none.
 */
export async function readSeatTerms(
  tx: Tx,
  organizationId: string,
  at: Date,
): Promise<{ plan: SeatTerms & { planId: string }; purchased: number }> {
  const { rows } = await sql<{
    plan_id: string;
    kind: SeatTerms["kind"];
    included: number | null;
    max: number | null;
    purchased: number;
  }>`
    select p.id as plan_id, p.seats_kind as kind, p.seats_included as included, p.seats_max as max,
      case when holds then s.seats_purchased else 0 end as purchased
    from subscription s
    cross join lateral (
      select s.plan_id is not null and (s.limits_until is null or ${at}::timestamptz < s.limits_until)
    ) as paid (holds)
    join plan p on p.id = case when holds then s.plan_id else s.base_plan_id end
      and p.version = case when holds then s.plan_version else s.base_plan_version end
    where s.organization_id = ${organizationId}`.execute(tx);
  const row = rows[0];
  if (row === undefined) {
    throw new Error(`organization ${organizationId} has no subscription row`);
  }
  const { kind, max, purchased } = row;
  return { plan: { planId: row.plan_id, kind, included: row.included ?? 0, max }, purchased };
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
