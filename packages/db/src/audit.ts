import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

export interface AuditRecord {
  organizationId: string;
  actorKind: "user" | "organization_key" | "platform_key" | "operator" | "system";
  /** Raw UUID, or an operator's name; null for the system itself. */
  actorId: string | null;
  /** The user that a platform key acted for. */
  onBehalfOf?: string | null;
  /** `noun.verbed`, such as `member.removed`. */
  action: string;
  /** Prefixed id of what was changed. */
  target?: string | null;
  data?: Record<string, unknown>;
  requestId?: string | null;
}

/** Appends to the organization's audit trail in the caller's transaction, numbered and chained by hash. */
export async function appendAudit(tx: Tx, record: AuditRecord): Promise<void> {
  await sql`select append_audit(${record.organizationId}, ${record.actorKind}, ${record.actorId},
    ${record.onBehalfOf ?? null}, ${record.action}, ${record.target ?? null},
    ${JSON.stringify(record.data ?? {})}::jsonb, ${record.requestId ?? null})`.execute(tx);
}

export interface AuditRow {
  seq: number;
  at: Date;
  actor_kind: AuditRecord["actorKind"];
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
