import type { SeatCounts, SeatOffer, SeatTerms } from "@headroom/domain/seats";
import { type RawBuilder, sql } from "kysely";
import { clock } from "./clock.ts";
import type { Tx } from "./tenancy.ts";

/** What seats are counted from, as a part of a statement that starts with `clock`; null: no such organization. */
export function seatCounts(organizationId: string): RawBuilder<SeatCounts> {
  return sql<SeatCounts>`seat_counts(${organizationId}::uuid, (select now from clock))`;
}

/** What the seats of an organization are counted from now. */
export async function readSeatCounts(tx: Tx, organizationId: string): Promise<SeatCounts> {
  const { rows } = await sql<{ seats: SeatCounts }>`${clock}
    select ${seatCounts(organizationId)} as seats from clock`.execute(tx);
  return (rows[0] as { seats: SeatCounts }).seats;
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
