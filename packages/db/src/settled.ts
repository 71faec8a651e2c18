import type { Database } from "./client.ts";

/**
 * True when every event from Stripe that has arrived is applied, and, when invoices are about to be finalized, no
 * overage waits for one. What moves the clock asks this before it goes on.
 * @param database as hr_worker.
 */
export async function isSettled(
  database: Database,
  { finalizing }: { finalizing: boolean },
): Promise<boolean> {
  const { rows } = await database.pool.query<{ settled: boolean }>("select is_settled($1) as settled", [
    finalizing,
  ]);
  return rows[0]?.settled ?? false;
}
