import { withOrganization, withUser } from "@headroom/db/tenancy";
import { permissions } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Access } from "./access.ts";
import { listAudit } from "./audit.ts";
import { createConversation } from "./conversations.ts";
import { listInvites, revokeInvite } from "./invites.ts";
import { listMembers } from "./member-list.ts";
import { leaveOrganization, removeMember, setMemberRole } from "./members.ts";
import { createApiKey, listApiKeys, revokeApiKey } from "./organization-keys.ts";
import { changeOrganization, getOrganization, switchOrganization } from "./organizations.ts";
import { createProfile } from "./profiles.ts";
import {
  accessTo,
  createWorld,
  invite,
  outcomeOf,
  type Person,
  rawId,
  tallyOf,
  type World,
} from "./testing/world.ts";

let world: World;
let mine: { person: Person; organization: string; access: Access };
let theirs: { person: Person; organization: string; inviteId: string; keyId: string };

beforeAll(async () => {
  world = await createWorld();
  const person = await world.person();
  const organization = await world.organization(person);
  mine = { person, organization, access: await accessTo(world.context, person, organization, "keys.manage") };
  const other = await world.person();
  const foreign = await world.organization(other);
  const issued = await invite(world.context, foreign, other, "grace@example.com");
  const keyAccess = await accessTo(world.context, other, foreign, "keys.manage");
  const key = await createApiKey(world.context, keyAccess, { name: "k", scopes: ["usage:read"] });
  await createProfile(world.context, { ...keyAccess, permission: "profiles.own" }, { name: "Grace" });
  await createConversation(world.context, keyAccess, { subject: "Refund" });
  theirs = { person: other, organization: foreign, inviteId: rawId(issued.invite), keyId: rawId(key) };
});
afterAll(() => world?.close());

describe("a stranger", () => {
  test.each(permissions)("is told that there is no such organization: %s", async (permission) => {
    const outcome = (organization: string) =>
      outcomeOf(accessTo(world.context, mine.person, organization, permission));
    expect(await outcome(theirs.organization)).toBe("organization_not_found");
    expect(await outcome(uuidv7())).toBe("organization_not_found");
  });

  test("is stopped by every change again, also with an access that was made up", async () => {
    const forged: Access = { ...mine.access, organizationId: theirs.organization, role: "owner" };
    const { context } = world;
    const outcome = await tallyOf([
      changeOrganization(context, { ...forged, permission: "organization.update" }, { name: "Mine" }),
      switchOrganization(context, { ...forged, permission: "organization.view" }),
      leaveOrganization(context, { ...forged, permission: "members.leave" }),
      removeMember(context, forged, { userId: theirs.person.userId }),
      setMemberRole(context, forged, { userId: theirs.person.userId, role: "member" }),
      revokeInvite(context, { ...forged, permission: "invites.manage" }, { inviteId: theirs.inviteId }),
      invite(context, theirs.organization, mine.person, "me@example.com"),
      createApiKey(context, forged, { name: "k", scopes: ["usage:read"] }),
      revokeApiKey(context, forged, { keyId: theirs.keyId }),
    ]);
    expect(outcome).toEqual({ organization_not_found: 9 });
    expect(await world.roles(theirs.organization)).toEqual({ owner: 1 });
  });

  test("does not reach another organization's things through their own", async () => {
    const { context } = world;
    const { access } = mine;
    expect(await outcomeOf(revokeInvite(context, access, { inviteId: theirs.inviteId }))).toBe(
      "invite_not_found",
    );
    expect(await outcomeOf(revokeApiKey(context, access, { keyId: theirs.keyId }))).toBe(
      "resource_not_found",
    );
    expect(await outcomeOf(removeMember(context, access, { userId: theirs.person.userId }))).toBe(
      "user_not_found",
    );
  });
});

test("a deleted organization is gone for its own members too", async () => {
  const person = await world.person();
  const organization = await world.organization(person);
  const access = await accessTo(world.context, person, organization, "organization.update");
  await world.scratch.admin.query("update headroom.organization set deleted_at = now() where id = $1", [
    organization,
  ]);
  expect(await outcomeOf(accessTo(world.context, person, organization, "organization.view"))).toBe(
    "organization_not_found",
  );
  expect(await outcomeOf(changeOrganization(world.context, access, { name: "x" }))).toBe(
    "organization_not_found",
  );
});

describe("the database alone, without a statement's own filter", () => {
  const tables = [
    "organization",
    "organization_slug",
    "membership",
    "invite",
    "invite_token",
    "api_key",
    "api_key_hash",
    "audit_entry",
    "outbox",
    "subscription",
    "profile",
    "conversation",
  ] as const;

  test.each(tables)("shows one tenant's rows only: %s", async (table) => {
    const key = table === "organization" ? "id" : "organization_id";
    const { rows: all } = await world.scratch.admin.query(
      `select distinct ${key} as id from headroom.${table}`,
    );
    expect(all.map(({ id }) => id)).toContain(theirs.organization);
    const seen = await withOrganization(world.context.db, mine.organization, (tx) =>
      tx.selectFrom(table).selectAll().execute(),
    );
    const tenants = new Set(seen.map((row) => (row as Record<string, unknown>)[key]));
    tenants.delete(mine.organization);
    expect([...tenants]).toEqual([]);
  });

  test("changes nothing of another tenant and lets nothing be planted there", async () => {
    const touched = await withOrganization(world.context.db, mine.organization, async (tx) => [
      await tx
        .updateTable("invite")
        .set({ status: "revoked" })
        .where("organization_id", "=", theirs.organization)
        .executeTakeFirst(),
      await tx.deleteFrom("membership").where("organization_id", "=", theirs.organization).executeTakeFirst(),
    ]);
    expect(touched[0]).toMatchObject({ numUpdatedRows: 0n });
    expect(touched[1]).toMatchObject({ numDeletedRows: 0n });
    const planted = withOrganization(world.context.db, mine.organization, (tx) =>
      tx
        .insertInto("membership")
        .values({
          organization_id: theirs.organization,
          id: uuidv7(),
          user_id: mine.person.userId,
          role: "admin",
          created_at: new Date(),
          updated_at: new Date(),
        })
        .execute(),
    );
    await expect(planted).rejects.toThrow(/row-level security/);
  });

  test("shows a user their own memberships and organizations only", async () => {
    const seen = await withUser(world.context.db, mine.person.userId, async (tx) => ({
      memberships: await tx.selectFrom("membership").selectAll().execute(),
      organizations: await tx.selectFrom("organization").selectAll().execute(),
      invites: await tx.selectFrom("invite").selectAll().execute(),
    }));
    expect(seen.memberships.map((row) => row.user_id)).toEqual([mine.person.userId]);
    expect(seen.organizations.map(({ id }) => id)).toEqual([mine.organization]);
    expect(seen.invites).toEqual([]);
  });

  test("gives readers of one organization its own rows in every list", async () => {
    const { context } = world;
    const page = { limit: 50 };
    expect((await getOrganization(context, mine.access)).id).toBe(`org_${mine.organization}`);
    expect((await listMembers(context, mine.access, page)).members).toHaveLength(1);
    expect((await listInvites(context, mine.access, page)).invites).toEqual([]);
    expect((await listApiKeys(context, mine.access, page)).apiKeys).toEqual([]);
    expect((await listAudit(context, mine.access, page)).entries).toHaveLength(1);
  });
});
