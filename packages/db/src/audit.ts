import { sql } from "kysely";
import type { ActorRecord } from "./changes.ts";
import type { Tx } from "./tenancy.ts";

export interface AuditRow {
  seq: number;
  at: Date;
  actor_kind: ActorRecord["kind"];
  actor_id: string | null;
  on_behalf_of: string | null;
  action: string;
  target: string | null;
  data: unknown;
  request_id: string | null;
  /** The text about people that is still kept, by field. */
  personal: Record<string, string>;
}

/** What an entry must match; absent: anything. */
export interface AuditFilter {
  /** Exact, or `noun.*`. */
  action?: string | undefined;
  /** As it is kept: the raw id of a user or key, or the name of an operator or of a part of the product. */
  actorId?: string | undefined;
  target?: string | undefined;
  from?: Date | undefined;
  /** The first instant that is too late. */
  to?: Date | undefined;
}

/** Entries from the newest down, older than a sequence number. */
export async function listAudit(
  tx: Tx,
  organizationId: string,
  page: AuditFilter & { before: number | null; limit: number },
): Promise<AuditRow[]> {
  const { before, limit, action, actorId, target, from, to } = page;
  const noun = action?.endsWith(".*") ? action.slice(0, -1) : null;
  const rows = await tx
    .selectFrom("audit_entry as e")
    .select((eb) => [
      "e.seq",
      "e.at",
      "e.actor_kind",
      "e.actor_id",
      "e.on_behalf_of",
      "e.action",
      "e.target",
      "e.data",
      "e.request_id",
      eb
        .selectFrom("audit_personal as p")
        .whereRef("p.organization_id", "=", "e.organization_id")
        .whereRef("p.seq", "=", "e.seq")
        .select(sql<Record<string, string>>`coalesce(jsonb_object_agg(p.field, p.value), '{}')`.as("texts"))
        .as("personal"),
    ])
    .where("e.organization_id", "=", organizationId)
    .$if(before !== null, (query) => query.where("e.seq", "<", before))
    .$if(noun !== null, (query) => query.where(sql<boolean>`starts_with(e.action, ${noun})`))
    .$if(noun === null && action !== undefined, (query) => query.where("e.action", "=", action as string))
    .$if(actorId !== undefined, (query) =>
      query.where(sql<boolean>`${actorId} in (e.actor_id, e.on_behalf_of::text)`),
    )
    .$if(target !== undefined, (query) => query.where("e.target", "=", target as string))
    .$if(from !== undefined, (query) => query.where("e.at", ">=", from as Date))
    .$if(to !== undefined, (query) => query.where("e.at", "<", to as Date))
    .orderBy("e.seq", "desc")
    .limit(limit)
    .execute();
  return rows as AuditRow[];
}
