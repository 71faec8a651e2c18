import { type AuditFilter, type AuditRow, listAudit as listAuditRows } from "@headroom/db/audit";
import { readOrganization } from "@headroom/db/tenant-reads";
import { decodeId, encodeId } from "@headroom/domain/ids";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, type PageInput, readSequenceCursor } from "./cursors.ts";

export interface AuditEntryView {
  seq: number;
  at: string;
  actor: { kind: AuditRow["actor_kind"]; id: string | null; onBehalfOf: string | null };
  action: string;
  target: string | null;
  /** With the text about people that is still kept; a field whose text was erased is null. */
  data: Record<string, unknown>;
  requestId: string | null;
}

/** Which entries are asked for; absent: all. */
export interface AuditQuery extends PageInput {
  /** Exact, or `noun.*`. */
  action?: string | undefined;
  /** `usr_…` (also whom a platform key acted for), `key_…`, or the name of an operator or part of the product. */
  actorId?: string | undefined;
  target?: string | undefined;
  /** ISO 8601. */
  from?: string | undefined;
  /** ISO 8601: the first instant that is too late. */
  to?: string | undefined;
}

/** The organization's audit log, newest first. */
export async function listAudit(
  context: Pick<ServiceContext, "db">,
  access: Access,
  input: AuditQuery,
): Promise<{ entries: AuditEntryView[]; nextCursor: string | null }> {
  const page = {
    ...toFilter(input),
    before: readSequenceCursor("audit", input.cursor),
    limit: input.limit + 1,
  };
  const rows = await readOrganization(context.db, access.organizationId, (tx) =>
    listAuditRows(tx, access.organizationId, page),
  );
  const { items, nextCursor } = nextPage("audit", rows, input.limit, (row) => String(row.seq));
  return { entries: items.map(toView), nextCursor };
}

function toFilter({ action, actorId, target, from, to }: AuditQuery): AuditFilter {
  return {
    action,
    actorId: actorId && (decodeId("usr", actorId) ?? decodeId("key", actorId) ?? actorId),
    target,
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(to),
  };
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
    data: readableData(row),
    requestId: row.request_id,
  };
}

/** What was kept of a change: the digest that stands for a person's text gives way to the text, or to null. */
function readableData({ data, personal }: Pick<AuditRow, "data" | "personal">): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data as Record<string, unknown>).map(([field, value]) => [
      field,
      isDigest(value) ? (personal[field] ?? null) : value,
    ]),
  );
}

function isDigest(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).length === 1 &&
    /^[0-9a-f]{64}$/.test(String((value as { digest?: unknown }).digest))
  );
}

function actorView({ actor_kind, actor_id }: AuditRow): string | null {
  if (actor_id === null || actor_kind === "operator" || actor_kind === "system") {
    return actor_id;
  }
  return encodeId(actor_kind === "user" ? "usr" : "key", actor_id);
}
