import type { RaisedEvent } from "@headroom/domain/events";
import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

export interface ChangeRecord {
  organizationId: string;
  actor: ActorRecord;
  requestId: string | null;
  /** null: no change of authority or money. */
  audit: AuditRecord | null;
  /** In the order in which they happened; each with an id of its own, a raw UUID. */
  events: readonly (RaisedEvent & { id: string })[];
}

export interface ActorRecord {
  kind: "user" | "organization_key" | "platform_key" | "operator" | "system";
  /** Raw UUID, or an operator's name. */
  id: string;
  /** The user that a platform key acted for. */
  onBehalfOf: string | null;
}

export interface AuditRecord {
  /** `noun.verbed`, such as `member.removed`. */
  action: string;
  /** Prefixed id of what was changed. */
  target: string;
  data: Readonly<Record<string, unknown>>;
  /** Text about a person. The entry keeps a salted digest of it; the text itself can be erased. */
  personal: Readonly<Record<string, string | null>>;
  /** The account, a raw UUID, that the personal text speaks of, when it is known. */
  subject: string | null;
}

/** The call of `record_change`, also as a part of a larger statement. */
export function changeCall(change: ChangeRecord) {
  const { organizationId, actor, requestId, audit, events } = change;
  return sql<null>`record_change(${organizationId}::uuid, ${actor.kind}::text, ${actor.id}::text,
    ${actor.onBehalfOf}::uuid, ${requestId}::text, ${audit?.action ?? null}::text, ${audit?.target ?? null}::text,
    ${JSON.stringify(audit?.data ?? {})}::jsonb, ${JSON.stringify(audit?.personal ?? {})}::jsonb,
    ${audit?.subject ?? null}::uuid, ${JSON.stringify(events)}::jsonb)`;
}

/**
 * Keeps a change in the transaction that makes it: its audit entry, numbered and chained by hash, its events, numbered
 * in commit order, and their deliveries to the organization's webhooks.
 */
export async function recordChange(tx: Tx, change: ChangeRecord): Promise<void> {
  await sql`select ${changeCall(change)}`.execute(tx);
}
