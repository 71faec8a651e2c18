import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

export interface OverageCheck {
  checkedAt: Date;
  periods: number;
  differences: number;
}

/** Notes what a comparison of every ledger with Stripe found. */
export async function writeOverageCheck(
  tx: Tx,
  found: { periods: number; differences: number },
): Promise<void> {
  const row = { ...found, checked_at: sql<Date>`clock_timestamp()` };
  await tx
    .insertInto("overage_check")
    .values(row)
    .onConflict((conflict) => conflict.column("singleton").doUpdateSet(row))
    .execute();
}

/** What the last one found; null before the first. */
export async function readOverageCheck(database: Database): Promise<OverageCheck | null> {
  const row = await database.kysely
    .selectFrom("overage_check")
    .select(["checked_at as checkedAt", "periods", "differences"])
    .executeTakeFirst();
  return row ?? null;
}
