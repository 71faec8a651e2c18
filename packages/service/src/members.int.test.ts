import type { Actor } from "@headroom/domain/actors";
import type { Scope } from "@headroom/domain/permissions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resolveKey } from "./api-keys.ts";
import { listMembers } from "./member-list.ts";
import { removeMember, setMemberRole } from "./members.ts";
import { createApiKey } from "./organization-keys.ts";
import { accessTo, createWorld, invite, outcomeOf, type Person, type World } from "./testing/world.ts";
import { getUser } from "./users.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
});
afterAll(() => world?.close());

async function staffed() {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const [admin, otherAdmin, member] = [
    await world.join(organization, owner, "admin"),
    await world.join(organization, owner, "admin"),
    await world.join(organization, owner),
  ];
  const people = { owner, admin, otherAdmin, member };
  const changing = (actor: Person) => accessTo(world.context, actor, organization, "members.change");
  return { organization, ...people, changing };
}

describe("a member's own key", () => {
  const keyOf = async (person: Person, organization: string, scopes: Scope[]) => {
    const access = await accessTo(world.context, person, organization, "keys.manage");
    const { secret } = await createApiKey(world.context, access, { name: "k", scopes, personal: true });
    return (await resolveKey(world.context, secret ?? "")) as Actor;
  };

  test("does not leave for its member, whatever its scopes", async () => {
    const { organization, owner, admin } = await staffed();
    for (const scopes of [["members:read"], ["members:read", "members:write"]] satisfies Scope[][]) {
      for (const person of [owner, admin]) {
        const key = await keyOf(person, organization, scopes);
        const access = await accessTo(world.context, key, organization, "members.view");
        const outcome = await outcomeOf(removeMember(world.context, access, { userId: person.userId }));
        const mayChange = scopes.length > 1 && person === owner;
        expect(outcome).toBe(mayChange ? "last_owner" : "forbidden");
      }
    }
    expect(await world.roles(organization)).toEqual({ owner: 1, admin: 2, member: 1 });
  });
});

describe("roles", () => {
  test("follow the ranks: who may make whom what", async () => {
    const { organization, owner, admin, otherAdmin, member, changing } = await staffed();
    const set = async (by: Person, whom: Person, role: "owner" | "admin" | "member") =>
      outcomeOf(setMemberRole(world.context, await changing(by), { userId: whom.userId, role }));
    expect(await set(admin, owner, "member")).toBe("forbidden");
    expect(await set(admin, otherAdmin, "member")).toBe("forbidden");
    expect(await set(admin, member, "owner")).toBe("invalid_role");
    expect(await set(owner, admin, "owner")).toBe("invalid_role");
    expect(await set(admin, admin, "member")).toBe("cannot_change_own_role");
    expect(await set(owner, owner, "admin")).toBe("cannot_change_own_role");
    expect(await set(admin, member, "admin")).toBe("ok");
    expect(await set(owner, member, "member")).toBe("ok");
    expect(await outcomeOf(changing(member))).toBe("forbidden");
    expect(await set(owner, await world.person(), "admin")).toBe("user_not_found");
    expect(await world.roles(organization)).toEqual({ owner: 1, admin: 2, member: 1 });
  });

  test("a platform key acts as the top role, and still leaves the owner be", async () => {
    const { organization, owner, admin } = await staffed();
    const key = {
      kind: "platform_key",
      keyId: owner.userId,
      scopes: ["members:write"],
      onBehalfOf: null,
    } as const;
    const access = await accessTo(world.context, key, organization, "members.change");
    const demote = (userId: string) =>
      outcomeOf(setMemberRole(world.context, access, { userId, role: "member" }));
    expect(await demote(owner.userId)).toBe("last_owner");
    expect(await outcomeOf(removeMember(world.context, access, { userId: owner.userId }))).toBe("last_owner");
    expect(await demote(admin.userId)).toBe("ok");
  });
});

describe("removing", () => {
  test("answers the organization and who is left; ends keys and the active organization with the membership", async () => {
    const { organization, owner, admin, otherAdmin, member, changing } = await staffed();
    const keyAccess = await accessTo(world.context, admin, organization, "keys.manage");
    const { secret } = await createApiKey(world.context, keyAccess, {
      name: "Own",
      scopes: ["members:read"],
      personal: true,
    });
    const shared = await createApiKey(world.context, keyAccess, { name: "Shared", scopes: ["usage:write"] });
    const answer = await removeMember(world.context, await changing(owner), { userId: admin.userId });
    expect(answer.organization).toMatchObject({ id: `org_${organization}`, role: "owner" });
    expect(answer.members.map(({ id }) => id)).toEqual(
      [owner, otherAdmin, member].map(({ userId }) => `usr_${userId}`),
    );
    expect((await getUser(world.context, admin.userId)).activeOrganizationId).toBeNull();
    expect(await resolveKey(world.context, secret ?? "")).toBeNull();
    expect(await resolveKey(world.context, shared.secret ?? "")).not.toBeNull();
    const { rows } = await world.scratch.admin.query(
      "select revoked_at from headroom.api_key where member_id = $1",
      [admin.userId],
    );
    expect(rows[0]?.revoked_at).toBeInstanceOf(Date);
  });

  test("an admin removes members only; a member removes nobody but themselves", async () => {
    const { organization, owner, admin, otherAdmin, member, changing } = await staffed();
    const remove = async (by: Person, whom: Person) =>
      outcomeOf(
        removeMember(world.context, await accessTo(world.context, by, organization, "members.view"), {
          userId: whom.userId,
        }),
      );
    expect(await remove(admin, owner)).toBe("forbidden");
    expect(await remove(admin, otherAdmin)).toBe("forbidden");
    expect(await remove(member, admin)).toBe("forbidden");
    expect(await remove(member, member)).toBe("ok");
    expect(await remove(owner, admin)).toBe("ok");
    expect(await outcomeOf(changing(admin))).toBe("organization_not_found");
  });

  test("a key that may only read members removes none", async () => {
    const { organization, owner, member } = await staffed();
    const key = { kind: "organization_key", keyId: owner.userId, organizationId: organization } as const;
    const removeWith = async (scope: "members:read" | "members:write") => {
      const actor = { ...key, scopes: ["members:read", scope] as const, memberUserId: null };
      const access = await accessTo(world.context, actor, organization, "members.view");
      return outcomeOf(removeMember(world.context, access, { userId: member.userId }));
    };
    expect(await removeWith("members:read")).toBe("forbidden");
    expect(await removeWith("members:write")).toBe("ok");
  });

  test("works while the organization is over its seat limit", async () => {
    const { organization, owner, member, changing } = await staffed();
    await world.seats(1);
    const removal = removeMember(world.context, await changing(owner), { userId: member.userId });
    expect(await outcomeOf(removal)).toBe("ok");
    const another = invite(world.context, organization, owner, "late@example.com");
    expect(await outcomeOf(another)).toBe("seat_limit_reached");
    await world.seats(100);
  });
});

test("the list shows members, then pending invites, over pages, to everybody, and no secret", async () => {
  const { organization, owner, member } = await staffed();
  const { token } = await invite(world.context, organization, owner, "one@example.com", "admin");
  await invite(world.context, organization, owner, "two@example.com");
  const access = await accessTo(world.context, member, organization, "members.view");
  const whole = await listMembers(world.context, access, { limit: 50 });
  expect(whole).toMatchObject({ currentUserId: `usr_${member.userId}`, currentUserRole: "member" });
  expect(whole.members.map(({ role, status }) => [role, status])).toEqual([
    ["owner", "active"],
    ["admin", "active"],
    ["admin", "active"],
    ["member", "active"],
  ]);
  expect(whole.invites).toMatchObject([
    { email: "one@example.com", role: "admin", status: "pending", invitedBy: `usr_${owner.userId}` },
    { email: "two@example.com", role: "member", status: "pending" },
  ]);
  expect(JSON.stringify(whole)).not.toMatch(new RegExp(`${token}|token|hash|url`, "i"));

  for (const limit of [1, 2, 3, 4, 5]) {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listMembers(world.context, access, { limit, cursor });
      seen.push(...page.members.map(({ id }) => id), ...page.invites.map(({ id }) => id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual([...whole.members, ...whole.invites].map(({ id }) => id));
  }
});
