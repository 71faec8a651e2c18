import type { EventName } from "@headroom/domain/events";
import type { Role } from "@headroom/domain/permissions";
import { sql } from "kysely";
import type { Database } from "./client.ts";

/** Who reads an organization's events. Raw ids. */
export interface EventReader {
  organizationId: string;
  /** The member whose rights decide. */
  userId: string;
  /** The platform key that reads for the member, which must be alive; null: the member reads. */
  platformKeyId: string | null;
}

/** The names that members of each role see, and those that only their recipient sees. */
export type VisibleNames = Readonly<Record<Role | "recipient", readonly EventName[]>>;

export interface EventRow {
  seq: number;
  id: string;
  name: EventName;
  payload: Record<string, unknown>;
  at: Date;
  /** Real seconds since it was kept. */
  age: number;
}

export interface EventsRead {
  /** `none`: no member, or no such organization. `revoked`: the key is dead. Both read nothing. */
  access: "granted" | "none" | "revoked";
  /** The organization's last number, in the snapshot that the rows come from. */
  head: number;
  /** In the order of their numbers. */
  rows: EventRow[];
}

/**
 * At most `limit` events after a number that the reader may see now; none when `after` is null. Membership, role and
 * key are asked in the same statement. Needs no transaction.
 */
export async function readEventsAfter(
  database: Database,
  reader: EventReader,
  page: { after: number | null; limit: number; visible: VisibleNames },
): Promise<EventsRead> {
  const { rows } = await sql<Omit<EventsRead, "rows"> & (EventRow | { seq: null })>`
    select * from events_after(${reader.organizationId}::uuid, ${reader.userId}::uuid, ${reader.platformKeyId}::uuid,
      ${page.after}::bigint, ${page.limit}::integer, ${JSON.stringify(page.visible)}::jsonb)`.execute(
    database.kysely,
  );
  const { access = "none", head = 0 } = rows[0] ?? {};
  return { access, head, rows: rows.filter((row) => row.seq !== null) as EventRow[] };
}

/** The last number of each organization, by raw id. Needs no transaction. */
export async function readEventHeads(
  database: Database,
  organizationIds: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await sql<{ organization_id: string; head: number }>`
    select * from event_heads(${organizationIds}::uuid[])`.execute(database.kysely);
  return new Map(rows.map((row) => [row.organization_id, row.head]));
}

/** Deletes at most `limit` events that were kept more than so many real days ago, the oldest first; how many. */
export async function pruneEvents(database: Database, days: number, limit: number): Promise<number> {
  const { rows } = await sql<{ pruned: number }>`
    select prune_events(${days}::integer * interval '1 day', ${limit}::integer) as pruned`.execute(
    database.kysely,
  );
  return rows[0]?.pruned ?? 0;
}
