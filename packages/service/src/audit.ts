import { type AuditRow, listAudit as listAuditRows } from "@headroom/db/audit";
import { withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, readSequenceCursor } from "./cursors.ts";

export interface AuditEntryView {
  seq: number;
  at: string;
  actor: { kind: AuditRow["actor_kind"]; id: string | null; onBehalfOf: string | null };
  action: string;
  target: string | null;
  data: Record<string, unknown>;
  requestId: string | null;
}

/** The organization's audit log, newest first. */
export async function listAudit(
  context: ServiceContext,
  access: Access,
  input: { limit: number; cursor?: string | undefined },
): Promise<{ entries: AuditEntryView[]; nextCursor: string | null }> {
  const before = readSequenceCursor(input.cursor);
  const rows = await withOrganization(context.db, access.organizationId, (tx) =>
    listAuditRows(tx, access.organizationId, { before, limit: input.limit + 1 }),
  );
  const { items, nextCursor } = nextPage(rows, input.limit, (row) => String(row.seq));
  return { entries: items.map(toView), nextCursor };
}

function toView(row: AuditRow): AuditEntryView {
  return {
    seq: row.seq,
    at: row.at.toISOString(),
    actor: {
      kind: row.actor_kind,
      id: actorView(row),
      onBehalfOf: row.on_behalf_of === null ? null : encodeId("usr", row.on_behalf_of),
    },
    action: row.action,
    target: row.target,
    data: row.data as Record<string, unknown>,
    requestId: row.request_id,
  };
}

function actorView({ actor_kind, actor_id }: AuditRow): string | null {
  if (actor_id === null || actor_kind === "operator" || actor_kind === "system") {
    return actor_id;
  }
  return encodeId(actor_kind === "user" ? "usr" : "key", actor_id);
}
