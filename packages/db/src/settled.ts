import type { Database } from "./client.ts";

/**
 * True when every event from Stripe that has arrived is applied and it knows every seat, and, when invoices are about to be
 * finalized, no overage waits for one. What moves the clock asks this before it goes on; seats that wait are due at once.
 * @param database as hr_worker.
 */
export async function isSettled(
  database: Database,
  { finalizing }: { finalizing: boolean },
): Promise<boolean> {
  await hastenSeats(database);
  const { rows } = await database.pool.query<{ settled: boolean }>("select is_settled($1) as settled", [
    finalizing,
  ]);
  return rows[0]?.settled ?? false;
}

/**
 * Makes the seats that wait to be told to Stripe due at once: before the clock moves, because a renewal bills what Stripe
 * knows by then. Answers how many are still to be waited for.
 * @param database as hr_worker.
 */
export async function hastenSeats(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ waiting: number }>("select hasten_seats() as waiting");
  return rows[0]?.waiting ?? 0;
}
