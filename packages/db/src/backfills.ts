import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** A backfill that came to its end. */
export interface Backfill {
  /** Every undelivered event made before is in the inbox; Stripe's time. */
  through: Date;
  completedAt: Date;
  /** Events that Stripe listed, and those of them that were new here. */
  listed: number;
  kept: number;
}

/** The last one; null: never. */
export async function readBackfill(tx: Tx): Promise<Backfill | null> {
  const row = await tx
    .selectFrom("stripe_backfill")
    .select(["through", "completed_at as completedAt", "listed", "kept"])
    .executeTakeFirst();
  return row ?? null;
}

/** Writes it down as the last one. */
export async function noteBackfill(tx: Tx, backfill: Omit<Backfill, "completedAt">): Promise<void> {
  const row = { ...backfill, completed_at: sql<Date>`clock_timestamp()` };
  await tx
    .insertInto("stripe_backfill")
    .values(row)
    .onConflict((conflict) => conflict.column("singleton").doUpdateSet(row))
    .execute();
}

/** Which of these events are in the inbox. */
export async function findKnownEvents(tx: Tx, eventIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx
    .selectFrom("stripe_inbox")
    .select("event_id")
    .where("account", "=", "")
    .where("event_id", "in", [...eventIds, ""])
    .execute();
  return new Set(rows.map((row) => row.event_id));
}
