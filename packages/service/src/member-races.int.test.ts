import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leaveOrganization, removeMember, setMemberRole } from "./members.ts";
import { accessTo, createWorld, type Person, tallyOf, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
});
afterAll(() => world?.close());

/** An organization whose top role is held by two admins, who have both been let in to act. */
async function twoAdmins() {
  const context = world.under({ roles: { creator: "admin" } });
  const ada = await world.person();
  const organization = await world.organization(ada, context);
  const bob = await world.join(organization, ada, "admin", context);
  const acting = (person: Person) => accessTo(context, person, organization, "members.change");
  return { context, organization, ada, bob, asAda: await acting(ada), asBob: await acting(bob) };
}

describe("under roles.creator: admin, two admins at once", () => {
  test("who remove each other, 25 rounds: there is always one left", async () => {
    const { context, organization, ada, bob: first } = await twoAdmins();
    let [one, two] = [ada, first];
    for (let round = 0; round < 25; round++) {
      const asOne = await accessTo(context, one, organization, "members.change");
      const asTwo = await accessTo(context, two, organization, "members.change");
      const outcome = await tallyOf([
        removeMember(context, asOne, { userId: two.userId }),
        removeMember(context, asTwo, { userId: one.userId }),
      ]);
      expect(outcome, `round ${round}`).toEqual({ ok: 1, organization_not_found: 1 });
      const { rows } = await world.scratch.admin.query<{ user_id: string }>(
        "select user_id from headroom.membership where organization_id = $1",
        [organization],
      );
      expect(rows).toHaveLength(1);
      one = rows[0]?.user_id === one.userId ? one : two;
      two = await world.join(organization, one, "admin", context);
    }
  });

  test("who leave: one stays as the last", async () => {
    for (let round = 0; round < 10; round++) {
      const { context, organization, asAda, asBob } = await twoAdmins();
      const leaving = (access: typeof asAda) =>
        leaveOrganization(context, { ...access, permission: "members.leave" });
      expect(await tallyOf([leaving(asAda), leaving(asBob)])).toEqual({ ok: 1, last_admin: 1 });
      expect(await world.roles(organization)).toEqual({ admin: 1 });
    }
  });

  test("who demote each other: one stays admin", async () => {
    for (let round = 0; round < 10; round++) {
      const { context, organization, ada, bob, asAda, asBob } = await twoAdmins();
      const outcome = await tallyOf([
        setMemberRole(context, asAda, { userId: bob.userId, role: "member" }),
        setMemberRole(context, asBob, { userId: ada.userId, role: "member" }),
      ]);
      expect(outcome).toEqual({ ok: 1, forbidden: 1 });
      expect(await world.roles(organization)).toEqual({ admin: 1, member: 1 });
    }
  });
});

/** An organization with many admins of the top role, and an access for each. */
async function manyAdmins(count: number) {
  const context = world.under({ roles: { creator: "admin" } });
  const ada = await world.person();
  const organization = await world.organization(ada, context);
  const others = await Promise.all(
    Array.from({ length: count - 1 }, () => world.make.member(organization, "admin")),
  );
  const userIds = [ada.userId, ...others];
  const accesses = await Promise.all(
    userIds.map((userId) => accessTo(context, { kind: "user", userId }, organization, "members.change")),
  );
  return { context, organization, userIds, accesses };
}

test("twenty admins who leave at once: the last one stays", async () => {
  for (let round = 0; round < 3; round++) {
    const { context, organization, accesses } = await manyAdmins(20);
    const leaving = accesses.map((access) =>
      leaveOrganization(context, { ...access, permission: "members.leave" }),
    );
    expect(await tallyOf(leaving)).toEqual({ ok: 19, last_admin: 1 });
    expect(await world.roles(organization)).toEqual({ admin: 1 });
  }
});

test("three admins who leave, remove and demote each other in every combination: one always remains", async () => {
  const acts = ["leave", "remove next", "demote next"] as const;
  for (let round = 0; round < 27; round++) {
    const { context, organization, userIds, accesses } = await manyAdmins(3);
    const outcome = await tallyOf(
      accesses.map((access, index) => {
        const act = acts[Math.floor(round / 3 ** index) % 3];
        const userId = userIds[(index + 1) % 3] ?? "";
        if (act === "leave") {
          return leaveOrganization(context, { ...access, permission: "members.leave" });
        }
        return act === "remove next"
          ? removeMember(context, access, { userId })
          : setMemberRole(context, access, { userId, role: "member" });
      }),
    );
    expect((await world.roles(organization)).admin, JSON.stringify({ round, outcome })).toBeGreaterThan(0);
  }
});

test("an owner and their admin acting on each other: the owner remains", async () => {
  for (let round = 0; round < 5; round++) {
    const owner = await world.person();
    const organization = await world.organization(owner);
    const admin = await world.join(organization, owner, "admin");
    const asOwner = await accessTo(world.context, owner, organization, "members.change");
    const asAdmin = await accessTo(world.context, admin, organization, "members.change");
    await tallyOf([
      leaveOrganization(world.context, { ...asOwner, permission: "members.leave" }),
      removeMember(world.context, asOwner, { userId: admin.userId }),
      removeMember(world.context, asAdmin, { userId: owner.userId }),
      setMemberRole(world.context, asAdmin, { userId: owner.userId, role: "member" }),
    ]);
    expect((await world.roles(organization)).owner).toBe(1);
  }
});
