import type { Database } from "./client.ts";
import { retryConflicts } from "./retry.ts";
import { withOrganization } from "./tenancy.ts";

export interface OpenReservation {
  id: string;
  meter: string;
  quantity: number;
  memberId: string | null;
  reservedAt: Date;
  expiresAt: Date;
}

/** The reservations that hold units now, oldest first. One more than `limit` says that there are more. */
export function listOpenReservations(
  database: Database,
  organizationId: string,
  { after, limit, meter }: { after: string | null; limit: number; meter: string | null },
): Promise<OpenReservation[]> {
  return withOrganization(database, organizationId, (tx) => {
    let query = tx
      .selectFrom("usage_reservation")
      .select([
        "id",
        "meter",
        "quantity",
        "member_id as memberId",
        "reserved_at as reservedAt",
        "expires_at as expiresAt",
      ])
      .where("organization_id", "=", organizationId)
      .where("status", "=", "held")
      .where("expires_at", ">", tx.fn<Date>("clock_now", []))
      .orderBy("id")
      .limit(limit);
    query = after === null ? query : query.where("id", ">", after);
    query = meter === null ? query : query.where("meter", "=", meter);
    return query.execute();
  });
}

/** Ends holds whose time is over, of so many gates at most. Answers how many. */
export async function expireReservations(database: Database, gatesAtOnce: number): Promise<number> {
  const { rows } = await retryConflicts(() =>
    database.pool.query<{ ended: number }>("select expire_reservations($1) as ended", [gatesAtOnce]),
  );
  return rows[0]?.ended ?? 0;
}

/** Forgets finished reservations that came in so many real days ago. Answers how many. */
export async function pruneReservations(database: Database, days: number, most: number): Promise<number> {
  const { rows } = await database.pool.query<{ gone: number }>(
    "select prune_reservations(make_interval(days => $1), $2) as gone",
    [days, most],
  );
  return rows[0]?.gone ?? 0;
}
