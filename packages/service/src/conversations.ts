import { readClock } from "@headroom/db/clock";
import {
  type ConversationFilter,
  type ConversationRow,
  findConversation,
  insertConversation,
  listConversations as listConversationRows,
  unassignConversations as unassignConversationRows,
  updateConversation,
} from "@headroom/db/conversations";
import { findMembership } from "@headroom/db/members";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { readOrganization } from "@headroom/db/tenant-reads";
import { memberBehind } from "@headroom/domain/access";
import { assertAssignable, type ConversationStatus, parseSubject } from "@headroom/domain/conversations";
import { DomainError } from "@headroom/domain/errors";
import type { RaisedEvent } from "@headroom/domain/events";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { createInOrganization } from "./creation.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import type { Repeatable } from "./idempotency.ts";

export interface ConversationView {
  id: string;
  organizationId: string;
  subject: string;
  status: ConversationStatus;
  /** A member; null: nobody. */
  assigneeId: string | null;
  /** null: a key without a member. */
  createdBy: string | null;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
}

/** Opens a conversation, assigned to nobody. @throws DomainError validation_failed, idempotency_mismatch */
export async function createConversation(
  context: ServiceContext,
  access: Access,
  input: { subject: string },
  { idempotencyKey = null }: Repeatable = {},
): Promise<ConversationView> {
  const id = uuidv7();
  const call = { idempotencyKey, procedure: "conversations.create", payload: input, resourceId: id };
  return createInOrganization(context, access, call, {
    create: (tx, _organization, fresh) =>
      writeConversation(tx, fresh, { id, subject: parseSubject(input.subject) }),
    replay: async (tx, earlierId) =>
      toConversationView(await requireConversation(tx, access.organizationId, earlierId)),
  });
}

async function writeConversation(
  tx: Tx,
  access: Access,
  { id, subject }: { id: string; subject: string },
): Promise<ConversationView> {
  const at = await readClock(tx);
  const row = await insertConversation(tx, {
    organization_id: access.organizationId,
    id,
    subject,
    created_by: memberBehind(access.actor),
    created_at: at,
    updated_at: at,
  });
  const conversationId = encodeId("cnv", id);
  await raise(tx, access, { name: "conversation.created", payload: { conversationId } });
  return toConversationView(row);
}

/** Conversations, newest first. */
export async function listConversations(
  context: ServiceContext,
  access: Access,
  input: PageInput & Partial<ConversationFilter>,
): Promise<{ conversations: ConversationView[]; nextCursor: string | null }> {
  const { status, assigneeId } = input;
  const before = readIdCursor("conversations", input.cursor);
  const page = { before, limit: input.limit + 1 };
  const rows = await readOrganization(context.db, access.organizationId, (tx) =>
    listConversationRows(tx, access.organizationId, { status, assigneeId }, page),
  );
  const { items, nextCursor } = nextPage("conversations", rows, input.limit, (row) => row.id);
  return { conversations: items.map(toConversationView), nextCursor };
}

/** @throws DomainError resource_not_found */
export async function getConversation(
  context: ServiceContext,
  access: Access,
  input: { conversationId: string },
): Promise<ConversationView> {
  return withOrganization(context.db, access.organizationId, async (tx) =>
    toConversationView(await requireConversation(tx, access.organizationId, input.conversationId)),
  );
}

/** Closes a conversation; again: the same answer. It keeps its assignee. @throws DomainError resource_not_found */
export async function closeConversation(
  context: ServiceContext,
  access: Access,
  input: { conversationId: string },
): Promise<ConversationView> {
  return setStatus(context, access, input.conversationId, "closed");
}

/** Opens a closed conversation again; an open one stays as it is. @throws DomainError resource_not_found */
export async function reopenConversation(
  context: ServiceContext,
  access: Access,
  input: { conversationId: string },
): Promise<ConversationView> {
  return setStatus(context, access, input.conversationId, "open");
}

async function setStatus(
  context: ServiceContext,
  access: Access,
  id: string,
  status: ConversationStatus,
): Promise<ConversationView> {
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    const conversation = await requireConversation(tx, organization.id, id);
    if (conversation.status === status) {
      return toConversationView(conversation);
    }
    const at = await readClock(tx);
    const closed = status === "closed";
    const row = await updateConversation(tx, organization.id, id, {
      status,
      updated_at: at,
      closed_at: closed ? at : null,
    });
    const name = closed ? "conversation.closed" : "conversation.reopened";
    await raise(tx, fresh, { name, payload: { conversationId: encodeId("cnv", id) } });
    return toConversationView(row);
  });
}

/**
 * Assigns an open conversation to an active member, who is told at once; to the same one again changes nothing.
 * @throws DomainError resource_not_found, conversation_not_open, not_a_member
 */
export async function assignConversation(
  context: ServiceContext,
  access: Access,
  input: { conversationId: string; userId: string },
): Promise<ConversationView> {
  const { conversationId, userId } = input;
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    const conversation = await requireConversation(tx, organization.id, conversationId);
    const isMember = (await findMembership(tx, organization.id, userId)) !== null;
    assertAssignable(conversation.status, { isMember });
    if (conversation.assignee_id === userId) {
      return toConversationView(conversation);
    }
    const changes = { assignee_id: userId, updated_at: await readClock(tx) };
    const row = await updateConversation(tx, organization.id, conversationId, changes);
    const assigner = memberBehind(fresh.actor);
    await raise(tx, fresh, {
      name: "conversation_assigned",
      recipient: userId,
      payload: {
        conversationId: encodeId("cnv", conversationId),
        subject: row.subject,
        assigneeId: encodeId("usr", userId),
        assignedBy: assigner === null ? null : encodeId("usr", assigner),
      },
    });
    return toConversationView(row);
  });
}

/**
 * What becomes of a member's conversations before the membership ends, under the organization's lock: open or closed,
 * they are nobody's. The events that tell so are the caller's to record.
 */
export async function unassignConversations(
  tx: Tx,
  organizationId: string,
  userId: string,
  at: Date,
): Promise<RaisedEvent[]> {
  const ids = await unassignConversationRows(tx, organizationId, userId, at);
  return ids.map((id) => ({
    name: "conversation.unassigned",
    payload: { conversationId: encodeId("cnv", id), userId: encodeId("usr", userId) },
  }));
}

async function raise(tx: Tx, { organizationId, actor }: Access, event: RaisedEvent): Promise<void> {
  await recordChange(tx, { organizationId, actor, events: [event] });
}

async function requireConversation(tx: Tx, organizationId: string, id: string): Promise<ConversationRow> {
  const conversation = await findConversation(tx, organizationId, id);
  if (conversation === null) {
    throw new DomainError("resource_not_found", "The organization has no such conversation.");
  }
  return conversation;
}

function toConversationView(row: ConversationRow): ConversationView {
  return {
    id: encodeId("cnv", row.id),
    organizationId: encodeId("org", row.organization_id),
    subject: row.subject,
    status: row.status,
    assigneeId: row.assignee_id === null ? null : encodeId("usr", row.assignee_id),
    createdBy: row.created_by === null ? null : encodeId("usr", row.created_by),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
  };
}
