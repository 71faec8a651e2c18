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
}

/** Entries from the newest down, older than a sequence number. */
export async function listAudit(
  tx: Tx,
  organizationId: string,
  page: { before: number | null; limit: number },
): Promise<AuditRow[]> {
  const rows = await tx
    .selectFrom("audit_entry")
    .select(["seq", "at", "actor_kind", "actor_id", "on_behalf_of", "action", "target", "data", "request_id"])
    .where("organization_id", "=", organizationId)
    .$if(page.before !== null, (query) => query.where("seq", "<", page.before))
    .orderBy("seq", "desc")
    .limit(page.limit)
    .execute();
  return rows as AuditRow[];
}
