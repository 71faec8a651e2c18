import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { leaveOrganization, removeMember } from "./members.ts";
import type { NewProfile } from "./profiles.ts";
import { changeProfile, createProfile, deleteProfile, getProfile, listProfiles } from "./profiles.ts";
import { createTeam, eventsOf, setProfileLimit } from "./testing/modules.ts";
import { accessTo, createWorld, outcomeOf, rawId, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
  await world.make.plan("max", {}, { isDefault: false });
});
afterEach(async () => {
  await setProfileLimit(world, "free", null);
});
afterAll(() => world?.close());

const own = (actor: Actor, organization: string) =>
  accessTo(world.context, actor, organization, "profiles.own");

const create = async (
  actor: Actor,
  organization: string,
  input: NewProfile = { name: "Grace" },
  idempotencyKey?: string,
) =>
  createProfile(world.context, await own(actor, organization), input, {
    idempotencyKey: idempotencyKey ?? null,
  });

const change = async (actor: Actor, organization: string, input: Parameters<typeof changeProfile>[2]) =>
  changeProfile(world.context, await own(actor, organization), input);

const remove = async (actor: Actor, organization: string, profileId: string) =>
  deleteProfile(world.context, await own(actor, organization), { profileId });

const list = async (actor: Actor, organization: string, input: object = {}) =>
  listProfiles(world.context, await accessTo(world.context, actor, organization, "profiles.view"), {
    limit: 50,
    ...input,
  });

describe("whom a profile belongs to", () => {
  test("the caller, or the member that an admin or a key names", async () => {
    const { organization, admin, member, other, key } = await createTeam(world);
    const forOther = { name: "Grace", userId: other.userId };
    expect((await create(member, organization)).userId).toBe(encodeId("usr", member.userId));
    expect((await create(member, organization, { name: "G", userId: member.userId })).userId).toBe(
      encodeId("usr", member.userId),
    );
    expect(await outcomeOf(create(member, organization, forOther))).toBe("forbidden");
    expect((await create(admin, organization, forOther)).userId).toBe(encodeId("usr", other.userId));

    const service = key(["profiles:write"]);
    expect(await outcomeOf(create(service, organization))).toBe("validation_failed");
    expect((await create(service, organization, forOther)).userId).toBe(encodeId("usr", other.userId));

    const personal = key(["profiles:write"], member);
    expect((await create(personal, organization)).userId).toBe(encodeId("usr", member.userId));
    expect(await outcomeOf(create(personal, organization, forOther))).toBe("forbidden");
    expect(await outcomeOf(own(key(["profiles:read"]), organization))).toBe("forbidden");
  });

  test("nobody but a member, be they unknown or somebody else's", async () => {
    const { organization, admin } = await createTeam(world);
    const { member: foreigner } = await createTeam(world);
    const mine = await create(admin, organization);
    for (const userId of [foreigner.userId, uuidv7()]) {
      expect(await outcomeOf(create(admin, organization, { name: "G", userId }))).toBe("not_a_member");
      expect(await outcomeOf(change(admin, organization, { profileId: rawId(mine), userId }))).toBe(
        "not_a_member",
      );
    }
    expect((await list(admin, organization)).profiles).toEqual([mine]);
  });

  test("oneself may change and delete, admins may for all", async () => {
    const { organization, admin, member, other, key } = await createTeam(world);
    const profileId = rawId(await create(member, organization));
    expect(await outcomeOf(change(other, organization, { profileId, name: "Mine" }))).toBe("forbidden");
    expect(await outcomeOf(remove(other, organization, profileId))).toBe("forbidden");
    expect((await change(member, organization, { profileId, name: "Hopper" })).name).toBe("Hopper");
    expect((await change(admin, organization, { profileId, name: "Grace" })).name).toBe("Grace");
    expect((await change(key(["profiles:write"]), organization, { profileId, name: "G" })).name).toBe("G");
    // Handing on is the admins' alone, also for one's own.
    expect(await outcomeOf(change(member, organization, { profileId, userId: other.userId }))).toBe(
      "forbidden",
    );
    const handed = await change(admin, organization, { profileId, userId: other.userId });
    expect(handed.userId).toBe(encodeId("usr", other.userId));
    expect(await outcomeOf(remove(member, organization, profileId))).toBe("forbidden");
    expect(await remove(other, organization, profileId)).toEqual(handed);
    expect(await outcomeOf(remove(admin, organization, profileId))).toBe("resource_not_found");
  });

  test("nobody, once the member is gone: it stays for an admin to hand on or delete", async () => {
    const { organization, owner, admin, member, other } = await createTeam(world);
    const [one, two] = [await create(member, organization), await create(member, organization)];
    const kept = await create(other, organization);
    await removeMember(world.context, await accessTo(world.context, owner, organization, "members.change"), {
      userId: member.userId,
    });
    const orphans = await list(admin, organization, { userId: null });
    expect(orphans.profiles.map(({ id, userId }) => ({ id, userId }))).toEqual([
      { id: one.id, userId: null },
      { id: two.id, userId: null },
    ]);
    expect(await eventsOf(world, organization, /^profile.updated|^member.removed/)).toMatchObject([
      { name: "member.removed" },
      { name: "profile.updated", payload: { profileId: one.id, fields: ["userId"] } },
      { name: "profile.updated", payload: { profileId: two.id, fields: ["userId"] } },
    ]);
    expect(await outcomeOf(remove(other, organization, rawId(one)))).toBe("forbidden");
    const handed = await change(admin, organization, { profileId: rawId(one), userId: other.userId });
    expect(handed.userId).toBe(encodeId("usr", other.userId));
    await remove(admin, organization, rawId(two));
    expect((await list(admin, organization)).profiles.map(({ id }) => id)).toEqual([one.id, kept.id]);
  });

  test("nobody, also once the member has left", async () => {
    const { organization, admin, member } = await createTeam(world);
    const profile = await create(member, organization);
    await leaveOrganization(
      world.context,
      await accessTo(world.context, member, organization, "members.leave"),
    );
    expect((await list(admin, organization)).profiles).toMatchObject([{ id: profile.id, userId: null }]);
  });
});

describe("the plan's limit", () => {
  test("lets in as many as it says, and names the plans that have room", async () => {
    const { organization, owner, member } = await createTeam(world);
    await setProfileLimit(world, "free", 2);
    await setProfileLimit(world, "max", 5);
    const first = await create(owner, organization);
    await create(member, organization);
    await expect(create(member, organization)).rejects.toMatchObject({
      code: "profile_limit_reached",
      details: {
        limit: 2,
        used: 2,
        available: 0,
        upgradePlans: [{ planId: "max", displayName: "max" }],
      },
    });
    expect(
      await outcomeOf(change(owner, organization, { profileId: rawId(first), name: "Still mine" })),
    ).toBe("ok");
    await remove(owner, organization, rawId(first));
    expect(await outcomeOf(create(member, organization))).toBe("ok");
  });

  test("lowered below the count removes nothing and adds nothing; 0 is a limit", async () => {
    const { organization, owner } = await createTeam(world);
    const profiles = [await create(owner, organization), await create(owner, organization)];
    await setProfileLimit(world, "free", 1);
    await expect(create(owner, organization)).rejects.toMatchObject({
      details: { limit: 1, used: 2, available: 0 },
    });
    await remove(owner, organization, rawId(profiles[0] ?? { id: "" }));
    expect(await outcomeOf(create(owner, organization))).toBe("profile_limit_reached");
    expect((await list(owner, organization)).profiles).toEqual([profiles[1]]);
    await setProfileLimit(world, "free", 0);
    const fresh = await createTeam(world);
    expect(await outcomeOf(create(fresh.owner, fresh.organization))).toBe("profile_limit_reached");
  });

  test("is the subscription's while its limits hold, and the base plan's after", async () => {
    const { organization, owner } = await createTeam(world);
    await setProfileLimit(world, "free", 0);
    await setProfileLimit(world, "max", 1);
    const subscribe = (until: string | null) =>
      world.scratch.admin.query(
        `update headroom.subscription set plan_id = 'max', plan_version = 1, limits_until = $2 where organization_id = $1`,
        [organization, until],
      );
    await subscribe("2020-01-01");
    await expect(create(owner, organization)).rejects.toMatchObject({ details: { limit: 0 } });
    await subscribe("2100-01-01");
    expect(await outcomeOf(create(owner, organization))).toBe("ok");
    await subscribe(null);
    await expect(create(owner, organization)).rejects.toMatchObject({
      details: { limit: 1, used: 1, upgradePlans: [] },
    });
  });

  test("counts each organization for itself", async () => {
    const [here, there] = [await createTeam(world), await createTeam(world)];
    await setProfileLimit(world, "free", 1);
    expect(await outcomeOf(create(here.owner, here.organization))).toBe("ok");
    expect(await outcomeOf(create(there.owner, there.organization))).toBe("ok");
    expect(await outcomeOf(create(there.owner, there.organization))).toBe("profile_limit_reached");
  });
});

describe("fields", () => {
  test("that are given change, no others, and only a change is an event", async () => {
    const { organization, owner } = await createTeam(world);
    const profile = await create(owner, organization, {
      name: " Grace ",
      slug: "grace",
      settings: { voice: "warm", speed: 1.5, on: true, note: null },
    });
    expect(profile).toMatchObject({ name: "Grace", slug: "grace" });
    const profileId = rawId(profile);
    const renamed = await change(owner, organization, { profileId, name: "Hopper" });
    expect(renamed).toEqual({ ...profile, name: "Hopper", updatedAt: renamed.updatedAt });
    expect(await change(owner, organization, { profileId })).toEqual(renamed);
    const same = { profileId, name: "Hopper", settings: { on: true, note: null, voice: "warm", speed: 1.5 } };
    expect(await change(owner, organization, same)).toEqual(renamed);
    const bare = await change(owner, organization, { profileId, slug: null, settings: { voice: "dry" } });
    expect(bare).toMatchObject({ name: "Hopper", slug: null, settings: { voice: "dry" } });
    const read = await getProfile(
      world.context,
      await accessTo(world.context, owner, organization, "profiles.view"),
      { profileId },
    );
    expect(read).toEqual(bare);
    await remove(owner, organization, profileId);
    expect(await eventsOf(world, organization, /^profile/)).toMatchObject([
      { name: "profile.created", payload: { profileId: profile.id, userId: encodeId("usr", owner.userId) } },
      { name: "profile.updated", payload: { profileId: profile.id, fields: ["name"] } },
      { name: "profile.updated", payload: { profileId: profile.id, fields: ["slug", "settings"] } },
      { name: "profile.deleted", payload: { profileId: profile.id } },
    ]);
  });

  test("a slug is the organization's once; another's is not in the way", async () => {
    const [here, there] = [await createTeam(world), await createTeam(world)];
    await create(here.owner, here.organization, { name: "Grace", slug: "grace" });
    expect(await outcomeOf(create(here.member, here.organization, { name: "G", slug: "grace" }))).toBe(
      "slug_taken",
    );
    const second = await create(here.owner, here.organization, { name: "Ada" });
    await create(here.owner, here.organization, { name: "Without one too" });
    const taken = change(here.owner, here.organization, { profileId: rawId(second), slug: "grace" });
    expect(await outcomeOf(taken)).toBe("slug_taken");
    expect(await outcomeOf(create(there.owner, there.organization, { name: "G", slug: "grace" }))).toBe("ok");
    expect(await outcomeOf(create(there.owner, there.organization, { name: "G", slug: "No Slug" }))).toBe(
      "validation_failed",
    );
  });

  test("another organization's profile is like none", async () => {
    const [here, there] = [await createTeam(world), await createTeam(world)];
    const theirs = await create(there.owner, there.organization);
    const outcomes = async (profileId: string) => [
      await outcomeOf(change(here.owner, here.organization, { profileId, name: "Mine" })),
      await outcomeOf(remove(here.owner, here.organization, profileId)),
      await outcomeOf(
        getProfile(
          world.context,
          await accessTo(world.context, here.owner, here.organization, "profiles.view"),
          { profileId },
        ),
      ),
    ];
    expect(await outcomes(rawId(theirs))).toEqual(Array(3).fill("resource_not_found"));
    expect(await outcomes(uuidv7())).toEqual(Array(3).fill("resource_not_found"));
    expect((await list(here.owner, here.organization, { userId: there.owner.userId })).profiles).toEqual([]);
    expect((await list(there.owner, there.organization)).profiles).toEqual([theirs]);
  });
});

test("lists go from page to page, of everybody or of one", async () => {
  const { organization, owner, member } = await createTeam(world);
  const made = [];
  for (const [index, actor] of [owner, member, owner, owner, member].entries()) {
    made.push(await create(actor, organization, { name: `Profile ${index}` }));
  }
  const pages = async (input: object) => {
    const found = [];
    let cursor: string | null | undefined;
    do {
      const page = await list(member, organization, { limit: 2, ...input, ...(cursor ? { cursor } : {}) });
      expect(page.profiles.length).toBeLessThanOrEqual(2);
      found.push(...page.profiles);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return found;
  };
  expect(await pages({})).toEqual(made);
  expect(await pages({ userId: owner.userId })).toEqual([made[0], made[2], made[3]]);
  expect(await pages({ userId: null })).toEqual([]);
});

test("the same Idempotency-Key makes one profile, which a full plan does not refuse the second time", async () => {
  const { organization, owner } = await createTeam(world);
  await setProfileLimit(world, "free", 1);
  const first = await create(owner, organization, { name: "Once" }, "k1");
  expect(await create(owner, organization, { name: "Once" }, "k1")).toEqual(first);
  expect(await outcomeOf(create(owner, organization, { name: "Twice" }, "k1"))).toBe("idempotency_mismatch");
  expect(await outcomeOf(create(owner, organization, { name: "Once" }, "k2"))).toBe("profile_limit_reached");
  expect((await list(owner, organization)).profiles).toEqual([first]);
  await remove(owner, organization, rawId(first));
  expect(await outcomeOf(create(owner, organization, { name: "Once" }, "k1"))).toBe("resource_not_found");
  // The refused key was free again.
  expect(await outcomeOf(create(owner, organization, { name: "Other" }, "k2"))).toBe("ok");
});
