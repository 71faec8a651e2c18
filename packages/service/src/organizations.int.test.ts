import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listAudit } from "./audit.ts";
import { leaveOrganization, removeMember } from "./members.ts";
import { createOrganization } from "./organization-creation.ts";
import {
  changeOrganization,
  getCurrentOrganization,
  getOrganization,
  listOrganizations,
  switchOrganization,
} from "./organizations.ts";
import { accessTo, createWorld, outcomeOf, rawId, tallyOf, type World } from "./testing/world.ts";
import { getUser } from "./users.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

describe("creating", () => {
  test("makes the caller owner, puts the organization on the default plan and makes it active", async () => {
    const ada = await world.person();
    const organization = await createOrganization(world.context, ada, {
      name: "  Große Köche GmbH ",
      domain: "Kitchen.Example.com",
      settings: { timeZone: "Europe/Berlin" },
    });
    expect(organization).toMatchObject({
      name: "Große Köche GmbH",
      slug: "grosse-koche-gmbh",
      domain: "kitchen.example.com",
      settings: { timeZone: "Europe/Berlin" },
      role: "owner",
    });
    const id = rawId(organization);
    expect(await world.roles(id)).toEqual({ owner: 1 });
    expect((await getUser(world.context, ada.userId)).activeOrganizationId).toBe(organization.id);
    const { rows } = await world.scratch.admin.query(
      "select base_plan_id, plan_id, state from headroom.subscription where organization_id = $1",
      [id],
    );
    expect(rows).toEqual([{ base_plan_id: "free", plan_id: null, state: "none" }]);
    const access = await accessTo(world.context, ada, id, "audit.view");
    const { entries } = await listAudit(world.context, access, { limit: 10 });
    expect(entries).toMatchObject([
      { seq: 1, action: "organization.created", actor: { kind: "user", id: `usr_${ada.userId}` } },
    ]);
  });

  test("makes the caller admin under roles.creator: admin", async () => {
    const context = world.under({ roles: { creator: "admin" } });
    const id = await world.organization(await world.person(), context);
    expect(await world.roles(id)).toEqual({ admin: 1 });
  });

  test("gives twenty of one name at once twenty slugs", async () => {
    const people = await Promise.all(Array.from({ length: 20 }, () => world.person()));
    const made = await Promise.all(
      people.map((person) => createOrganization(world.context, person, { name: "Kiwi" })),
    );
    const slugs = made.map(({ slug }) => slug);
    expect(new Set(slugs).size).toBe(20);
    expect(slugs.filter((slug) => slug === "kiwi")).toHaveLength(1);
  });

  test("one given slug asked for 20 times at once: one has it", async () => {
    const people = await Promise.all(Array.from({ length: 20 }, () => world.person()));
    const outcome = await tallyOf(
      people.map((person) => createOrganization(world.context, person, { name: "Plum", slug: "plum" })),
    );
    expect(outcome).toEqual({ ok: 1, slug_taken: 19 });
  });

  test.each([
    ["an empty name", { name: "   " }],
    ["a name of 101", { name: "x".repeat(101) }],
    ["a reserved slug", { name: "Acme", slug: "current" }],
    ["a slug in capitals", { name: "Acme", slug: "Acme" }],
    ["an address as domain", { name: "Acme", domain: "10.0.0.1" }],
    ["an offset as time zone", { name: "Acme", settings: { timeZone: "+01:00" } }],
    ["an unknown time zone", { name: "Acme", settings: { timeZone: "Mars/Olympus" } }],
  ])("refuses %s", async (_, input) => {
    const ada = await world.person();
    expect(await outcomeOf(createOrganization(world.context, ada, input))).toBe("validation_failed");
    expect(await listOrganizations(world.context, ada.userId, { limit: 10 })).toMatchObject({
      organizations: [],
      activeOrganizationId: null,
    });
  });

  test("says what is missing when the catalogue has no default plan", async () => {
    await world.scratch.admin.query("update headroom.plan set is_default = false");
    const ada = await world.person();
    await expect(createOrganization(world.context, ada, { name: "Acme" })).rejects.toThrow(/plans push/);
    await world.scratch.admin.query("update headroom.plan set is_default = true");
  });

  test("an idempotency key makes one of twenty calls at once, and refuses other input", async () => {
    const ada = await world.person();
    const create = (name: string) =>
      createOrganization(world.context, ada, { name }, { idempotencyKey: "once" });
    const made = await Promise.all(Array.from({ length: 20 }, () => create("Lime")));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(await outcomeOf(create("Lemon"))).toBe("idempotency_mismatch");
    const { organizations } = await listOrganizations(world.context, ada.userId, { limit: 10 });
    expect(organizations).toHaveLength(1);
  });

  test("a refused call frees its idempotency key", async () => {
    const ada = await world.person();
    const create = (name: string) =>
      createOrganization(world.context, ada, { name }, { idempotencyKey: "again" });
    expect(await outcomeOf(create(" "))).toBe("validation_failed");
    expect(await outcomeOf(create("Pear"))).toBe("ok");
  });
});

test("the list pages through one's own organizations with one's role in each", async () => {
  const ada = await world.person();
  const bob = await world.person();
  const own: string[] = [];
  for (let index = 0; index < 3; index++) {
    own.push(await world.organization(ada));
  }
  await world.organization(bob);
  const first = await listOrganizations(world.context, ada.userId, { limit: 2 });
  const second = await listOrganizations(world.context, ada.userId, {
    limit: 2,
    cursor: first.nextCursor ?? "",
  });
  expect([...first.organizations, ...second.organizations].map(rawId)).toEqual(own);
  expect(first.organizations[0]?.role).toBe("owner");
  expect(second.nextCursor).toBeNull();
  expect(first.activeOrganizationId).toBe(`org_${own[2]}`);
  const foreign = listOrganizations(world.context, ada.userId, { limit: 2, cursor: "bm90LW91cnM" });
  expect(await outcomeOf(foreign)).toBe("validation_failed");
});

test("the current one comes with its members and the month's usage", async () => {
  const ada = await world.person();
  expect(await outcomeOf(getCurrentOrganization(world.context, ada))).toBe("no_active_organization");
  await world.organization(ada);
  expect(await getCurrentOrganization(world.context, ada)).toMatchObject({
    organization: { name: "Acme", role: "owner" },
    members: [{ id: `usr_${ada.userId}`, email: ada.email, role: "owner", status: "active" }],
    currentUserId: `usr_${ada.userId}`,
    currentUserRole: "owner",
    usage: [{ meter: "pages", monthlyUsed: 0, monthlyLimit: null, dailyLimit: 100 }],
  });
});

describe("changing", () => {
  test("touches the given fields only, frees the old slug and writes one audit entry", async () => {
    const ada = await world.person();
    const id = await world.organization(ada);
    const access = await accessTo(world.context, ada, id, "organization.update");
    const before = await getOrganization(world.context, access);
    const renamed = await changeOrganization(world.context, access, { name: "Fig", slug: "fig" });
    expect(renamed).toMatchObject({ name: "Fig", slug: "fig", domain: null, settings: before.settings });
    await changeOrganization(world.context, access, { name: "Fig" });
    const again = await createOrganization(world.context, ada, { name: "Acme", slug: before.slug });
    expect(again.slug).toBe(before.slug);
    const taken = changeOrganization(world.context, access, { slug: before.slug });
    expect(await outcomeOf(taken)).toBe("slug_taken");
    const audit = await listAudit(world.context, access, { limit: 10 });
    expect(audit.entries.map(({ action }) => action)).toEqual([
      "organization.updated",
      "organization.created",
    ]);
    expect(audit.entries[0]?.data).toEqual({
      name: { from: "Acme", to: "Fig" },
      slug: { from: before.slug, to: "fig" },
    });
  });

  test("the identity is the owner's under organizations.identityBy: owner; settings stay the admins'", async () => {
    const context = world.under({ organizations: { identityBy: "owner" } });
    const ada = await world.person();
    const id = await world.organization(ada, context);
    const admin = await world.join(id, ada, "admin", context);
    const asAdmin = await accessTo(context, admin, id, "organization.update");
    expect(await outcomeOf(changeOrganization(context, asAdmin, { name: "Mine" }))).toBe("forbidden");
    const zone = await changeOrganization(context, asAdmin, { settings: { timeZone: "Asia/Kolkata" } });
    expect(zone.settings).toEqual({ timeZone: "Asia/Kolkata", billingEmail: null });
    expect(await outcomeOf(changeOrganization(world.context, asAdmin, { name: "Ours" }))).toBe("ok");
  });

  test("a member changes nothing", async () => {
    const ada = await world.person();
    const id = await world.organization(ada);
    const member = await world.join(id, ada);
    expect(await outcomeOf(accessTo(world.context, member, id, "organization.update"))).toBe("forbidden");
  });
});

test("switching makes an organization active, and only a member may", async () => {
  const ada = await world.person();
  const first = await world.organization(ada);
  await world.organization(ada);
  const access = await accessTo(world.context, ada, first, "organization.view");
  expect(await switchOrganization(world.context, access)).toMatchObject({
    activeOrganizationId: `org_${first}`,
  });
  expect((await getUser(world.context, ada.userId)).activeOrganizationId).toBe(`org_${first}`);
  const bob = await world.person();
  expect(await outcomeOf(switchOrganization(world.context, { ...access, actor: bob }))).toBe(
    "organization_not_found",
  );
});

test("leaving ends the membership and forgets the active organization; the owner stays", async () => {
  const ada = await world.person();
  const id = await world.organization(ada);
  const member = await world.join(id, ada);
  const access = await accessTo(world.context, member, id, "members.leave");
  expect(await leaveOrganization(world.context, access)).toEqual({
    organizationId: `org_${id}`,
    activeOrganizationId: null,
  });
  expect(await outcomeOf(accessTo(world.context, member, id, "organization.view"))).toBe(
    "organization_not_found",
  );
  const asOwner = await accessTo(world.context, ada, id, "members.leave");
  expect(await outcomeOf(leaveOrganization(world.context, asOwner))).toBe("last_owner");
  const removingOneself = removeMember(world.context, asOwner, { userId: ada.userId });
  expect(await outcomeOf(removingOneself)).toBe("last_owner");
});
