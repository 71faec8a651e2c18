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
