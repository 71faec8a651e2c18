import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import type { Permission } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  assignConversation,
  closeConversation,
  createConversation,
  getConversation,
  listConversations,
  reopenConversation,
} from "./conversations.ts";
import { leaveOrganization, removeMember } from "./members.ts";
import { createTeam, eventsOf } from "./testing/modules.ts";
import { accessTo, createWorld, outcomeOf, rawId, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
});
afterAll(() => world?.close());

/** What an actor can do in an organization, each call with an access of its own. */
function acting(actor: Actor, organization: string) {
  const { context } = world;
  const as = (permission: Permission) => accessTo(context, actor, organization, permission);
  return {
    create: async (subject = "Refund", idempotencyKey: string | null = null) =>
      createConversation(context, await as("conversations.write"), { subject }, { idempotencyKey }),
    get: async (conversationId: string) =>
      getConversation(context, await as("conversations.view"), { conversationId }),
    list: async (input: Partial<Parameters<typeof listConversations>[2]> = {}) =>
      listConversations(context, await as("conversations.view"), { limit: 50, ...input }),
    close: async (conversationId: string) =>
      closeConversation(context, await as("conversations.write"), { conversationId }),
    reopen: async (conversationId: string) =>
      reopenConversation(context, await as("conversations.write"), { conversationId }),
    assign: async (conversationId: string, userId: string) =>
      assignConversation(context, await as("conversations.assign"), { conversationId, userId }),
    remove: async (userId: string) => removeMember(context, await as("members.change"), { userId }),
    leave: async () => leaveOrganization(context, await as("members.leave")),
  };
}

test("a conversation's life: every change once, and each is an event", async () => {
  const { organization, admin, member } = await createTeam(world);
  const [asAdmin, asMember] = [acting(admin, organization), acting(member, organization)];
  const created = await asMember.create("  Where is my refund? ");
  expect(created).toEqual({
    id: expect.stringMatching(/^cnv_/),
    organizationId: encodeId("org", organization),
    subject: "Where is my refund?",
    status: "open",
    assigneeId: null,
    createdBy: encodeId("usr", member.userId),
    createdAt: expect.any(String),
    updatedAt: created.createdAt,
    closedAt: null,
  });
  const id = rawId(created);
  expect(await asAdmin.get(id)).toEqual(created);
  expect(await asMember.reopen(id)).toEqual(created);
  const assigned = await asAdmin.assign(id, member.userId);
  expect(assigned).toEqual({
    ...created,
    assigneeId: encodeId("usr", member.userId),
    updatedAt: assigned.updatedAt,
  });
  expect(await asAdmin.assign(id, member.userId)).toEqual(assigned);
  const closed = await asMember.close(id);
  expect(closed).toMatchObject({
    status: "closed",
    assigneeId: assigned.assigneeId,
    closedAt: closed.updatedAt,
  });
  expect(await asAdmin.close(id)).toEqual(closed);
  expect(await asMember.reopen(id)).toMatchObject({ ...assigned, updatedAt: expect.any(String) });
  await asAdmin.assign(id, admin.userId);

  const conversationId = created.id;
  const told = (userId: string) => ({
    name: "conversation_assigned",
    recipient: userId,
    payload: {
      conversationId,
      subject: "Where is my refund?",
      assigneeId: encodeId("usr", userId),
      assignedBy: encodeId("usr", admin.userId),
    },
  });
  const events = await eventsOf(world, organization, /^conversation/);
  expect(events.map(({ seq: _, ...event }) => event)).toEqual([
    { name: "conversation.created", payload: { conversationId }, recipient: null },
    told(member.userId),
    { name: "conversation.closed", payload: { conversationId }, recipient: null },
    { name: "conversation.reopened", payload: { conversationId }, recipient: null },
    told(admin.userId),
  ]);
});

describe("assigning", () => {
  test("needs an open conversation and an active member, be the other unknown or somebody else's", async () => {
    const [here, there] = [await createTeam(world), await createTeam(world)];
    const as = acting(here.admin, here.organization);
    const id = rawId(await as.create());
    for (const userId of [there.member.userId, uuidv7()]) {
      expect(await outcomeOf(as.assign(id, userId))).toBe("not_a_member");
    }
    await as.assign(id, here.member.userId);
    await as.close(id);
    for (const userId of [here.member.userId, here.other.userId, uuidv7()]) {
      expect(await outcomeOf(as.assign(id, userId))).toBe("conversation_not_open");
    }
    expect(await as.get(id)).toMatchObject({ assigneeId: encodeId("usr", here.member.userId) });
    expect(await eventsOf(world, here.organization, /assigned/)).toHaveLength(1);
    expect(await eventsOf(world, there.organization, /^conversation/)).toEqual([]);
  });

  test("is the admins', and of keys with the scope; a key has no user", async () => {
    const { organization, member, admin, key } = await createTeam(world);
    const asKey = acting(key(["conversations:write"]), organization);
    const created = await asKey.create();
    expect(created.createdBy).toBeNull();
    const id = rawId(created);
    expect(await outcomeOf(acting(member, organization).assign(id, member.userId))).toBe("forbidden");
    const personal = (person: typeof member) => acting(key(["conversations:write"], person), organization);
    expect(await outcomeOf(personal(member).assign(id, member.userId))).toBe("forbidden");
    await asKey.assign(id, member.userId);
    await personal(admin).assign(id, admin.userId);
    const events = await eventsOf(world, organization, /_assigned/);
    expect(events.map(({ payload }) => payload.assignedBy)).toEqual([null, encodeId("usr", admin.userId)]);
    expect(await outcomeOf(acting(key(["conversations:read"]), organization).create())).toBe("forbidden");
  });
});

describe("when a member goes", () => {
  test.each(["removed", "left"] as const)("and was %s, theirs are nobody's, open and closed", async (how) => {
    const { organization, owner, member, other } = await createTeam(world);
    const as = acting(owner, organization);
    const [open, closed, others, nobodys] = [
      await as.create("open"),
      await as.create("closed"),
      await as.create("another's"),
      await as.create("nobody's"),
    ];
    await as.assign(rawId(open), member.userId);
    await as.assign(rawId(closed), member.userId);
    await as.assign(rawId(others), other.userId);
    await as.close(rawId(closed));
    await (how === "left" ? acting(member, organization).leave() : as.remove(member.userId));
    const { conversations } = await as.list();
    expect(conversations.map(({ id, status, assigneeId }) => ({ id, status, assigneeId }))).toEqual([
      { id: nobodys.id, status: "open", assigneeId: null },
      { id: others.id, status: "open", assigneeId: encodeId("usr", other.userId) },
      { id: closed.id, status: "closed", assigneeId: null },
      { id: open.id, status: "open", assigneeId: null },
    ]);
    const userId = encodeId("usr", member.userId);
    const events = await eventsOf(world, organization, /unassigned$|^member\.(removed|left)/);
    expect(events).toMatchObject([
      { name: `member.${how}`, payload: { userId } },
      { name: "conversation.unassigned", payload: { conversationId: open.id, userId } },
      { name: "conversation.unassigned", payload: { conversationId: closed.id, userId } },
    ]);
    expect(await outcomeOf(as.assign(rawId(open), member.userId))).toBe("not_a_member");
  });

  test("by whatever way, the database lets nothing stay theirs", async () => {
    const { organization, owner, member } = await createTeam(world);
    const as = acting(owner, organization);
    const id = rawId(await as.create());
    await as.assign(id, member.userId);
    await world.scratch.admin.query(
      "delete from headroom.membership where organization_id = $1 and user_id = $2",
      [organization, member.userId],
    );
    expect(await as.get(id)).toMatchObject({ assigneeId: null });
    const assigned = world.scratch.admin.query(
      "update headroom.conversation set assignee_id = $2 where id = $1",
      [id, member.userId],
    );
    await expect(assigned).rejects.toMatchObject({ code: "23503" });
  });
});

test("another organization's conversation is like none", async () => {
  const [here, there] = [await createTeam(world), await createTeam(world)];
  const theirs = await acting(there.owner, there.organization).create();
  const as = acting(here.owner, here.organization);
  const outcomes = (id: string) =>
    Promise.all(
      [as.get(id), as.close(id), as.reopen(id), as.assign(id, here.member.userId)].map((call) =>
        outcomeOf(call),
      ),
    );
  expect(await outcomes(rawId(theirs))).toEqual(Array(4).fill("resource_not_found"));
  expect(await outcomes(uuidv7())).toEqual(Array(4).fill("resource_not_found"));
  expect((await as.list({ assigneeId: there.owner.userId })).conversations).toEqual([]);
  expect(await acting(there.owner, there.organization).get(rawId(theirs))).toEqual(theirs);
});

test("the same Idempotency-Key makes one conversation", async () => {
  const { organization, member } = await createTeam(world);
  const as = acting(member, organization);
  const first = await as.create("Once", "k1");
  expect(await as.create("Once", "k1")).toEqual(first);
  expect(await outcomeOf(as.create("Twice", "k1"))).toBe("idempotency_mismatch");
  await as.close(rawId(first));
  expect(await as.create("Once", "k1")).toMatchObject({ id: first.id, status: "closed" });
  expect(await eventsOf(world, organization, /^conversation.created$/)).toHaveLength(1);
});

describe("lists", () => {
  test("go from page to page, newest first, under each filter", async () => {
    const { organization, admin, member } = await createTeam(world);
    const as = acting(admin, organization);
    for (let index = 0; index < 12; index++) {
      const id = rawId(await as.create(`Conversation ${index}`));
      if (index % 2 === 0) await as.assign(id, member.userId);
      if (index % 3 === 0) await as.close(id);
    }
    const { conversations: all } = await as.list();
    expect(all.map(({ subject }) => subject)).toEqual(
      Array.from({ length: 12 }, (_, index) => `Conversation ${11 - index}`),
    );
    const filters = [undefined, "open", "closed"] as const;
    for (const status of filters) {
      for (const assigneeId of [undefined, null, member.userId, uuidv7()]) {
        const wanted = assigneeId && encodeId("usr", assigneeId);
        const expected = all.filter(
          (row) =>
            (status === undefined || row.status === status) &&
            (wanted === undefined || row.assigneeId === wanted),
        );
        const found = [];
        let cursor: string | undefined;
        do {
          const page = await as.list({ status, assigneeId, limit: 2, cursor });
          found.push(...page.conversations);
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        expect(found).toEqual(expected);
      }
    }
  });
});
