import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import type { Permission } from "@headroom/domain/permissions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assignConversation, closeConversation, createConversation } from "./conversations.ts";
import { removeMember, setMemberRole } from "./members.ts";
import { createProfile } from "./profiles.ts";
import { createTeam, eventsOf, setProfileLimit } from "./testing/modules.ts";
import { accessTo, createWorld, outcomeOf, rawId, tallyOf, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(1_000);
});
afterAll(() => world?.close());

const access = (actor: Actor, organization: string, permission: Permission) =>
  accessTo(world.context, actor, organization, permission);

test("eight at once for the last profile of the plan: one gets it", async () => {
  await setProfileLimit(world, "free", 3);
  for (let round = 0; round < 5; round++) {
    const { organization, owner } = await createTeam(world);
    const own = await access(owner, organization, "profiles.own");
    const create = () => createProfile(world.context, own, { name: "Grace" });
    await create();
    await create();
    expect(await tallyOf(Array.from({ length: 8 }, create))).toEqual({ ok: 1, profile_limit_reached: 7 });
    const { rows } = await world.scratch.admin.query(
      "select count(*)::int as profiles from headroom.profile where organization_id = $1",
      [organization],
    );
    expect(rows).toEqual([{ profiles: 3 }]);
  }
  await setProfileLimit(world, "free", null);
});

test("eight at once for one slug: one gets it", async () => {
  const { organization, owner } = await createTeam(world);
  const own = await access(owner, organization, "profiles.own");
  const create = () => createProfile(world.context, own, { name: "Grace", slug: "grace" });
  expect(await tallyOf(Array.from({ length: 8 }, create))).toEqual({ ok: 1, slug_taken: 7 });
});

test("the same Idempotency-Key eight times at once makes one profile", async () => {
  const { organization, owner } = await createTeam(world);
  const own = await access(owner, organization, "profiles.own");
  const create = () => createProfile(world.context, own, { name: "Grace" }, { idempotencyKey: "k" });
  const made = await Promise.all(Array.from({ length: 8 }, create));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
});

describe("assigning a conversation", () => {
  test("while the assignee is removed, 20 rounds: it never stays with somebody who is no member", async () => {
    const { organization, owner, admin } = await createTeam(world);
    const [assigning, removing, writing] = [
      await access(admin, organization, "conversations.assign"),
      await access(owner, organization, "members.change"),
      await access(owner, organization, "conversations.write"),
    ];
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const userId = await world.make.member(organization);
      const conversationId = rawId(await createConversation(world.context, writing, { subject: "Refund" }));
      const assign = () =>
        outcomeOf(assignConversation(world.context, assigning, { conversationId, userId }));
      const remove = () => outcomeOf(removeMember(world.context, removing, { userId }));
      const outcome =
        round % 2 === 0
          ? await Promise.all([assign(), remove()])
          : (await Promise.all([remove(), assign()])).toReversed();
      seen.add(outcome[0] ?? "");
      expect(outcome[1], `round ${round}`).toBe("ok");
      expect(["ok", "not_a_member"]).toContain(outcome[0]);
      const { rows } = await world.scratch.admin.query(
        "select assignee_id from headroom.conversation where id = $1",
        [conversationId],
      );
      expect(rows, `round ${round}`).toEqual([{ assignee_id: null }]);
      const events = await eventsOf(world, organization, /assigned$/);
      const names = events
        .filter(({ payload }) => payload.conversationId === encodeId("cnv", conversationId))
        .map(({ name }) => name);
      expect(names).toEqual(outcome[0] === "ok" ? ["conversation_assigned", "conversation.unassigned"] : []);
    }
    // Both orders were met: otherwise nothing raced.
    expect(seen).toEqual(new Set(["ok", "not_a_member"]));
  }, 60_000);

  test("while it is closed, 20 rounds: nobody is told of one that is closed already", async () => {
    const { organization, admin, member } = await createTeam(world);
    const assigning = await access(admin, organization, "conversations.assign");
    const writing = await access(member, organization, "conversations.write");
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const conversationId = rawId(await createConversation(world.context, writing, { subject: "Refund" }));
      const assign = () =>
        outcomeOf(assignConversation(world.context, assigning, { conversationId, userId: member.userId }));
      const close = () => outcomeOf(closeConversation(world.context, writing, { conversationId }));
      const [assigned, closed] =
        round % 2 === 0
          ? await Promise.all([assign(), close()])
          : (await Promise.all([close(), assign()])).toReversed();
      seen.add(assigned ?? "");
      expect(closed).toBe("ok");
      const events = await eventsOf(world, organization, /assigned$|closed$/);
      const names = events
        .filter(({ payload }) => payload.conversationId === encodeId("cnv", conversationId))
        .map(({ name }) => name);
      expect(names, `round ${round}`).toEqual(
        assigned === "ok" ? ["conversation_assigned", "conversation.closed"] : ["conversation.closed"],
      );
    }
    expect(seen).toEqual(new Set(["ok", "conversation_not_open"]));
  }, 60_000);

  test("by an admin who is being demoted, 12 rounds: done before, or refused", async () => {
    const { organization, owner, admin, member } = await createTeam(world);
    const changing = await access(owner, organization, "members.change");
    const writing = await access(owner, organization, "conversations.write");
    for (let round = 0; round < 12; round++) {
      const conversationId = rawId(await createConversation(world.context, writing, { subject: "Refund" }));
      const assigning = await access(admin, organization, "conversations.assign");
      const [assigned] = await Promise.all([
        outcomeOf(assignConversation(world.context, assigning, { conversationId, userId: member.userId })),
        setMemberRole(world.context, changing, { userId: admin.userId, role: "member" }),
      ]);
      const events = await eventsOf(world, organization, /_assigned$|role_changed$/);
      const last = events.at(-1)?.name;
      const told = events.some(({ payload }) => payload.conversationId === encodeId("cnv", conversationId));
      expect(["ok", "forbidden"]).toContain(assigned);
      expect({ told, last }).toEqual({ told: assigned === "ok", last: "member.role_changed" });
      await setMemberRole(world.context, changing, { userId: admin.userId, role: "admin" });
    }
  });
});
