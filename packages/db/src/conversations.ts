import type { ConversationStatus } from "@headroom/domain/conversations";
import type { Insertable, Selectable, Updateable } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

export type ConversationRow = Omit<Selectable<DB["conversation"]>, "status"> & { status: ConversationStatus };

export async function insertConversation(
  tx: Tx,
  row: Insertable<DB["conversation"]>,
): Promise<ConversationRow> {
  const inserted = await tx.insertInto("conversation").values(row).returningAll().executeTakeFirstOrThrow();
  return inserted as ConversationRow;
}

export async function findConversation(
  tx: Tx,
  organizationId: string,
  conversationId: string,
): Promise<ConversationRow | null> {
  const row = await tx
    .selectFrom("conversation")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("id", "=", conversationId)
    .executeTakeFirst();
  return (row as ConversationRow | undefined) ?? null;
}

export interface ConversationFilter {
  status: ConversationStatus | undefined;
  /** One user, nobody (null), or whoever (undefined). */
  assigneeId: string | null | undefined;
}

/** Conversations, newest first, before an id. */
export async function listConversations(
  tx: Tx,
  organizationId: string,
  filter: ConversationFilter,
  page: { before: string | null; limit: number },
): Promise<ConversationRow[]> {
  const { status, assigneeId = null } = filter;
  const rows = await tx
    .selectFrom("conversation")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .$if(status !== undefined, (query) => query.where("status", "=", status ?? "open"))
    .$if(filter.assigneeId !== undefined, (query) =>
      assigneeId === null
        ? query.where("assignee_id", "is", null)
        : query.where("assignee_id", "=", assigneeId),
    )
    .$if(page.before !== null, (query) => query.where("id", "<", page.before))
    // PostgreSQL takes `is null` for no constant: only this order is then the index's own.
    .$if(filter.assigneeId === null, (query) => query.orderBy("assignee_id", "desc"))
    .orderBy("id", "desc")
    .limit(page.limit)
    .execute();
  return rows as ConversationRow[];
}

export async function updateConversation(
  tx: Tx,
  organizationId: string,
  conversationId: string,
  changes: Updateable<DB["conversation"]>,
): Promise<ConversationRow> {
  const row = await tx
    .updateTable("conversation")
    .set(changes)
    .where("organization_id", "=", organizationId)
    .where("id", "=", conversationId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as ConversationRow;
}

/** Takes a member's conversations from them, open and closed; their ids, oldest first. Before the membership ends. */
export async function unassignConversations(
  tx: Tx,
  organizationId: string,
  assigneeId: string,
  at: Date,
): Promise<string[]> {
  const rows = await tx
    .updateTable("conversation")
    .set({ assignee_id: null, updated_at: at })
    .where("organization_id", "=", organizationId)
    .where("assignee_id", "=", assigneeId)
    .returning("id")
    .execute();
  return rows.map(({ id }) => id).sort();
}
