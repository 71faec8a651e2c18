import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headroomOn } from "./testing/headroom.ts";

let database: TestDatabase;
let make: Factory;
beforeAll(async () => {
  database = await createTestDatabase();
  make = createFactory(database.admin);
  expect((await headroom("plans", "push")).code).toBe(0);
});
afterAll(() => database?.drop());

const headroom = headroomOn(() => database.url);

const json = async (...parameters: string[]) => {
  const { code, out, err } = await headroom(...parameters, "--json");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out);
};

const rows = async (sql: string, ...values: unknown[]) => (await database.admin.query(sql, values)).rows;

/** An organization with an owner and a member, and the slug that finds it. */
async function organization() {
  const raw = await make.organization();
  const slug = `slug-${raw}`;
  await rows("update headroom.organization set slug = $2 where id = $1", raw, slug);
  await rows("insert into headroom.organization_slug values ($2, $1)", raw, slug);
  const owner = await make.member(raw, "owner");
  const member = await make.member(raw);
  const usr = (id: string) => encodeId("usr", id);
  return { raw, id: encodeId("org", raw), slug, owner: usr(owner), member: usr(member) };
}

const rolesOf = async (raw: string) =>
  Object.fromEntries(
    (await rows("select user_id, role from headroom.membership where organization_id = $1", raw)).map(
      ({ user_id, role }) => [encodeId("usr", user_id), role],
    ),
  );

describe("organizations show", () => {
  test("tells the same by id and by slug", async () => {
    const { id, slug, owner, member } = await organization();
    const shown = await json("organizations", "show", id);
    expect(shown).toMatchObject({
      organization: { id, slug, settings: { timeZone: "UTC", billingEmail: null } },
      members: [
        { id: owner, role: "owner" },
        { id: member, role: "member" },
      ],
      seats: { limit: 2, used: 2 },
      billing: { plan: { id: "free" }, status: "none" },
      usage: [{ meter: "pages" }],
    });
    expect(shown.organization).not.toHaveProperty("role");
    expect(await json("organizations", "show", slug)).toEqual(shown);
    const people = await headroom("organizations", "show", slug);
    expect(people.code).toBe(0);
    expect(people.out).toMatch(new RegExp(`owner +${owner}`));
    expect(people.out).toMatch(/plan +Free v1, none/);
    expect(people.out).toMatch(/pages +0 of \S.* today, 0 of \S.* this month/);
  });

  test.each([
    [`org_${uuidv7()}`, "There is no such organization.\n"],
    ["acmee", "There is no organization acmee: give its id (org_…) or its slug.\n"],
  ])("of %s is an error", async (name, err) => {
    expect(await headroom("organizations", "show", name)).toEqual({ code: 1, out: "", err });
  });

  test("of a deleted one is an error", async () => {
    const { raw, slug } = await organization();
    await rows("update headroom.organization set deleted_at = now() where id = $1", raw);
    expect(await headroom("organizations", "show", slug)).toMatchObject({ code: 1, out: "" });
  });
});

describe("organizations transfer-ownership", () => {
  test("first says what it would do, then does it, then finds it done", async () => {
    const { raw, id, slug, owner, member } = await organization();
    const transfer = ["organizations", "transfer-ownership", slug, member] as const;
    const before = await rolesOf(raw);
    const told = { organizationId: id, ownerId: member, previousOwnerId: owner };
    expect(await json(...transfer, "--dry-run")).toEqual({ dryRun: true, ...told });
    expect(await rolesOf(raw)).toEqual(before);
    expect(await rows("select from headroom.audit_entry where organization_id = $1", raw)).toEqual([]);

    expect(await json(...transfer)).toEqual({ dryRun: false, ...told });
    expect(await rolesOf(raw)).toEqual({ [owner]: "admin", [member]: "owner" });
    const audit = await rows(
      "select actor_kind, actor_id, action, data from headroom.audit_entry where organization_id = $1",
      raw,
    );
    expect(audit).toEqual([
      {
        actor_kind: "operator",
        actor_id: "kim",
        action: "organization.ownership_transferred",
        data: { from: owner, to: member },
      },
    ]);
    expect(await headroom(...transfer)).toMatchObject({ code: 0, out: `${member} is the owner already\n` });
  });

  test("to somebody else than a member is an error, and changes nothing", async () => {
    const { raw, id } = await organization();
    const stranger = encodeId("usr", await make.member(await make.organization()));
    const before = await rolesOf(raw);
    expect(await headroom("organizations", "transfer-ownership", id, stranger)).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining("active member"),
    });
    expect(await rolesOf(raw)).toEqual(before);
  });

  test("of a user id that is none is wrong usage", async () => {
    const { id } = await organization();
    expect(await headroom("organizations", "transfer-ownership", id, "kim")).toMatchObject({ code: 2 });
  });
});

describe("users grant and revoke", () => {
  const standing = (user: string) =>
    rows(
      `select feature, reason, granted_by, expires_at from headroom.account_grant
       where account_id = $1 and revoked_at is null`,
      user.slice("usr_".length),
    );

  test("give a feature, replace the grant, take it back, and keep who and why", async () => {
    const { owner } = await organization();
    const grant = ["users", "grant", owner, "organizations"] as const;
    expect(await json(...grant, "--reason", "early bird")).toEqual({
      userId: owner,
      feature: "organizations",
      reason: "early bird",
      grantedBy: "kim",
      expiresAt: null,
    });
    expect((await headroom(...grant, "--until", "2099-01-01")).out).toBe(
      `${owner} has organizations until 2099-01-01T00:00:00.000Z\n`,
    );
    expect(await standing(owner)).toMatchObject([{ reason: "", expires_at: new Date("2099-01-01") }]);
    const revoke = ["users", "revoke", owner, "organizations"] as const;
    expect(await json(...revoke)).toEqual({ userId: owner, feature: "organizations", revoked: true });
    expect(await standing(owner)).toEqual([]);
    expect(await headroom(...revoke)).toMatchObject({
      code: 1,
      out: expect.stringContaining("had no grant"),
    });
    const kept = await rows(
      "select reason, revoked_by from headroom.account_grant where account_id = $1 order by granted_at",
      owner.slice("usr_".length),
    );
    expect(kept).toEqual([
      { reason: "early bird", revoked_by: "kim" },
      { reason: "", revoked_by: "kim" },
    ]);
  });

  test("refuse an unknown user, a misspelt feature, a time that is past", async () => {
    const { owner } = await organization();
    const nobody = encodeId("usr", uuidv7());
    expect(await headroom("users", "grant", nobody, "organizations")).toMatchObject({
      code: 1,
      err: "There is no such user.\n",
    });
    expect(await headroom("users", "revoke", nobody, "organizations")).toMatchObject({ code: 1 });
    expect(await headroom("users", "grant", owner, "organisations")).toMatchObject({
      code: 1,
      err: "feature is in no plan; known are: organizations, sso\n",
    });
    expect(await headroom("users", "grant", owner, "organizations", "--until", "2020-01-01")).toMatchObject({
      code: 1,
      err: "until is in the past\n",
    });
    expect(await headroom("users", "grant", owner, "organizations", "--until", "soon")).toMatchObject({
      code: 2,
    });
    expect(await standing(owner)).toEqual([]);
  });
});
