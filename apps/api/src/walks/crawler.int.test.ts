/** `crawler`: the published API of organisations and usage, from its first line to its last, in its own words. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emailOf, startWalk, type Walk } from "../testing/walks.ts";

let walk: Walk;
let company: string;
let accepted: { token: string | null };
const call: Walk["call"] = (...request) => walk.call(...request);

beforeAll(async () => {
  walk = await startWalk("crawler");
});
afterAll(() => walk?.close());

const tokenOf = (url: string) => new URL(url).searchParams.get("token");

/** Invites and accepts: the person is a member of the inviter's active organisation afterwards. */
async function join(admin: string, person: string, role = "member") {
  const invited = await call(admin, "POST", "/v1/organisations/invites", { email: emailOf(person), role });
  const token = tokenOf(invited.body.invite_url);
  expect(await call(person, "POST", "/v1/organisations/invites/accept", { token })).toMatchObject({
    status: 200,
  });
  return walk.userId(person);
}

test("List Organisations: organisations and active_organisation_id", async () => {
  expect(await call("ada", "GET", "/v1/organisations")).toMatchObject({
    status: 200,
    body: { organisations: [], active_organisation_id: null },
  });
});

describe("Create Organisation", () => {
  test("Creating user is automatically added as an admin member", async () => {
    const created = await call("ada", "POST", "/v1/organisations", { name: "My Company" });
    expect(created).toMatchObject({ status: 201, body: { name: "My Company", role: "admin" } });
    company = created.body.id;
    expect(company).toMatch(/^org_/);
  });

  test("New organisation is automatically set as the user's active organisation", async () => {
    const listed = await call("ada", "GET", "/v1/organisations");
    expect(listed.body).toEqual({
      organisations: [expect.objectContaining({ id: company, name: "My Company", role: "admin" })],
      active_organisation_id: company,
    });
  });

  test("name: required", async () => {
    expect(await call("ada", "POST", "/v1/organisations", {})).toMatchObject({
      status: 400,
      body: { code: "validation_failed", details: { issues: [{ path: "name" }] } },
    });
  });

  test("name: max 100 characters", async () => {
    const create = (length: number) => call("max", "POST", "/v1/organisations", { name: "x".repeat(length) });
    expect(await create(101)).toMatchObject({ status: 400, body: { code: "validation_failed" } });
    expect(await create(100)).toMatchObject({ status: 201 });
  });

  test("Authorization: Bearer <token>", async () => {
    expect(await call(null, "POST", "/v1/organisations", { name: "My Company" })).toMatchObject({
      status: 401,
      body: { code: "unauthenticated" },
    });
  });
});

describe("Switch Active Organisation", () => {
  test("organisation_id: each user can belong to multiple organisations and switch between them", async () => {
    const second = await call("ada", "POST", "/v1/organisations", { name: "Second" });
    expect((await call("ada", "GET", "/v1/organisations")).body.active_organisation_id).toBe(second.body.id);
    const switched = await call("ada", "POST", "/v1/organisations/switch", { organisation_id: company });
    expect(switched).toMatchObject({
      status: 200,
      body: { active_organisation_id: company, organisation: { id: company } },
    });
    const listed = await call("ada", "GET", "/v1/organisations");
    expect(listed.body.organisations).toHaveLength(2);
    expect(listed.body.active_organisation_id).toBe(company);
  });

  test("user must be a member", async () => {
    const foreign = await call("max", "POST", "/v1/organisations/switch", { organisation_id: company });
    expect(foreign).toMatchObject({ status: 404, body: { code: "organization_not_found" } });
  });

  test("organisation_id: a string that is no id is told at that field", async () => {
    const example = await call("ada", "POST", "/v1/organisations/switch", { organisation_id: "org_456def" });
    expect(example).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "organisation_id" }] } },
    });
  });
});

describe("Get Current Organisation", () => {
  test("members: id, email and role, admin or member", async () => {
    const bob = await join("ada", "bob");
    const { status, body } = await call("ada", "GET", "/v1/organisations/current");
    expect(status).toBe(200);
    expect(body.organisation).toMatchObject({ id: company });
    expect(body.members).toMatchObject([
      { id: await walk.userId("ada"), email: "ada@example.com", role: "admin" },
      { id: bob, email: "bob@example.com", role: "member" },
    ]);
  });

  test("usage: jobs_this_month and pages_crawled_this_month", async () => {
    const key = await call("ada", "POST", "/v1/organizations/current/api-keys", {
      name: "crawler",
      scopes: ["usage:write"],
    });
    const consume = (meter: string, quantity: number) =>
      call(key.body.secret, "POST", "/v1/usage/consume", { meter, quantity });
    expect(await consume("pages", 7)).toMatchObject({ status: 200 });
    expect(await consume("jobs", 2)).toMatchObject({ status: 200 });
    const { body } = await call("ada", "GET", "/v1/organisations/current");
    expect(body.usage).toEqual({ jobs_this_month: 2, pages_crawled_this_month: 7 });
  });
});

test("List Members: members, current_user_id and current_user_role", async () => {
  const { status, body } = await call("bob", "GET", "/v1/organisations/members");
  expect(status).toBe(200);
  expect(body.members.map(({ role }: { role: string }) => role)).toEqual(["admin", "member"]);
  expect(body).toMatchObject({ current_user_id: await walk.userId("bob"), current_user_role: "member" });
  expect(body).not.toHaveProperty("next_cursor");
});

describe("Update Member Role", () => {
  const setRole = async (as: string, member: string, role: string) =>
    call(as, "PATCH", `/v1/organisations/members/${await walk.userId(member)}`, { role });

  test("Only organisation admins can update member roles", async () => {
    expect(await setRole("bob", "ada", "member")).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });

  test("Cannot change your own role", async () => {
    expect(await setRole("ada", "ada", "member")).toMatchObject({
      status: 403,
      body: { code: "cannot_change_own_role" },
    });
  });

  test("role: new role, admin or member", async () => {
    expect(await setRole("ada", "bob", "admin")).toMatchObject({ status: 200, body: { role: "admin" } });
    expect(await setRole("ada", "bob", "owner")).toMatchObject({
      status: 400,
      body: { code: "invalid_role" },
    });
    expect(await setRole("ada", "bob", "boss")).toMatchObject({
      status: 400,
      body: { code: "invalid_role" },
    });
  });

  test("member_id: a user who is no member, and one who does not exist", async () => {
    const missing = await setRole("ada", "max", "admin");
    expect(missing).toMatchObject({ status: 404, body: { code: "user_not_found" } });
    const nobody = "/v1/organisations/members/usr_0198c0de-0000-7000-8000-00000000000a";
    expect(await call("ada", "PATCH", nobody, { role: "admin" })).toMatchObject({
      status: 404,
      body: { code: "user_not_found" },
    });
  });

  test("Organisation must always have at least one admin (cannot demote last admin)", async () => {
    expect(await setRole("bob", "ada", "member")).toMatchObject({ status: 200, body: { role: "member" } });
    // Nobody but the last admin could demote the last admin, and they may not change their own role.
    expect(await setRole("bob", "bob", "member")).toMatchObject({ status: 403 });
    expect(await setRole("bob", "ada", "admin")).toMatchObject({ status: 200 });
  });
});

describe("Remove Member", () => {
  const remove = async (as: string, member: string) =>
    call(as, "DELETE", `/v1/organisations/members/${await walk.userId(member)}`);

  test("Only organisation admins can remove members", async () => {
    await join("ada", "carol");
    expect(await remove("carol", "bob")).toMatchObject({ status: 403, body: { code: "forbidden" } });
    const removed = await remove("ada", "carol");
    expect(removed).toMatchObject({ status: 200, body: { organisation: { id: company } } });
    expect(removed.body.members).toHaveLength(2);
  });

  test("Organisation must always have at least one admin (cannot remove last admin)", async () => {
    expect(await remove("ada", "bob")).toMatchObject({ status: 200 });
    expect(await remove("ada", "ada")).toMatchObject({ status: 409, body: { code: "last_admin" } });
  });
});

describe("List Invites", () => {
  test("invites: array of pending invites", async () => {
    expect((await call("ada", "GET", "/v1/organisations/invites")).body).toEqual({ invites: [] });
    await call("ada", "POST", "/v1/organisations/invites", { email: "lea@example.com", role: "admin" });
    const { status, body } = await call("ada", "GET", "/v1/organisations/invites");
    expect(status).toBe(200);
    expect(body.invites).toMatchObject([{ email: "lea@example.com", role: "admin", status: "pending" }]);
  });

  test("Full URL to send to the invitee", async () => {
    const { body } = await call("ada", "GET", "/v1/organisations/invites");
    const [{ id, invite_url: url }] = body.invites;
    const preview = await call(null, "GET", `/v1/organisations/invites/preview?token=${url && tokenOf(url)}`);
    await call("ada", "DELETE", `/v1/organisations/invites/${id}`);
    expect(preview).toMatchObject({ status: 200, body: { state: "pending" } });
  });
});

describe("Create Invite", () => {
  test("email: required, valid", async () => {
    const invite = (body: object) => call("ada", "POST", "/v1/organisations/invites", body);
    expect(await invite({})).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "email" }] } },
    });
    // The published example's address is masked; what stands there is none.
    expect(await invite({ email: "[email protected]", role: "member" })).toMatchObject({ status: 400 });
  });

  test('role: default "member"; admin or member', async () => {
    const invited = await call("ada", "POST", "/v1/organisations/invites", { email: "dora@example.com" });
    expect(invited).toMatchObject({ status: 201, body: { role: "member", email: "dora@example.com" } });
    const owner = { email: "eve@example.com", role: "owner" };
    expect(await call("ada", "POST", "/v1/organisations/invites", owner)).toMatchObject({
      status: 400,
      body: { code: "invalid_role" },
    });
  });

  test("email_delivery: sent with a mailer, skipped without one", async () => {
    expect(tokenOf(walk.linkMailedTo("dora@example.com"))).not.toBeNull();
    const { body } = await call("ada", "GET", "/v1/organisations/invites");
    expect(body.invites).toMatchObject([{ email: "dora@example.com", email_delivery: "sent" }]);
    walk.setMailer(false);
    const invited = await call("ada", "POST", "/v1/organisations/invites", { email: "finn@example.com" });
    walk.setMailer(true);
    expect(invited).toMatchObject({ status: 201, body: { email_delivery: "skipped" } });
  });

  test("Only organisation admins can create invites", async () => {
    await call("ada", "DELETE", `/v1/organisations/invites/${await inviteTo("finn@example.com")}`);
    await join("ada", "gus");
    const invite = { email: "hal@example.com" };
    expect(await call("gus", "POST", "/v1/organisations/invites", invite)).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
  });

  test("Cannot invite users who are already members", async () => {
    const invite = { email: "GUS@example.com" };
    expect(await call("ada", "POST", "/v1/organisations/invites", invite)).toMatchObject({
      status: 400,
      body: { code: "already_member" },
    });
  });

  test("Invites expire after 7 days", async () => {
    const { body } = await call("ada", "GET", "/v1/organisations/invites");
    const [{ created_at: from, expires_at: until }] = body.invites;
    expect(Date.parse(until) - Date.parse(from)).toBe(7 * 86_400_000);
    const token = tokenOf(walk.linkMailedTo("dora@example.com"));
    const accept = () => call("dora", "POST", "/v1/organisations/invites/accept", { token });
    await walk.moveClock(7);
    const expired = await accept();
    const preview = await call(null, "GET", `/v1/organisations/invites/preview?token=${token}`);
    await walk.moveClock(0);
    expect(expired).toMatchObject({ status: 410, body: { code: "invite_expired" } });
    expect(preview).toMatchObject({ status: 200, body: { state: "expired" } });
  });
});

async function inviteTo(email: string): Promise<string> {
  const { body } = await call("ada", "GET", "/v1/organisations/invites");
  return body.invites.find((one: { email: string }) => one.email === email).id;
}

describe("Preview Invite (Public)", () => {
  test("token: no authentication required", async () => {
    const invited = await call("ada", "POST", "/v1/organisations/invites", {
      email: "ivy@example.com",
    }).then(async (full) => {
      // Three seats, all taken: ada, gus, and the invite to dora.
      expect(full).toMatchObject({ status: 402, body: { code: "seat_limit_reached" } });
      await call("ada", "DELETE", `/v1/organisations/invites/${await inviteTo("dora@example.com")}`);
      return call("ada", "POST", "/v1/organisations/invites", { email: "ivy@example.com" });
    });
    const preview = `/v1/organisations/invites/preview?token=${tokenOf(invited.body.invite_url)}`;
    expect(await call(null, "GET", preview)).toMatchObject({
      status: 200,
      body: {
        organisation: { name: "My Company" },
        role: "member",
        state: "pending",
        email: "i***@example.com",
      },
    });
  });

  test("token: required; an unknown one opens nothing", async () => {
    const preview = "/v1/organisations/invites/preview";
    expect(await call(null, "GET", preview)).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "token" }] } },
    });
    expect(await call(null, "GET", `${preview}?token=abc123`)).toMatchObject({
      status: 404,
      body: { code: "invite_not_found" },
    });
  });
});

test("Accept Invite: active_organisation_set", async () => {
  await call("ada", "DELETE", `/v1/organisations/invites/${await inviteTo("ivy@example.com")}`);
  const invited = await call("ada", "POST", "/v1/organisations/invites", { email: "ivy@example.com" });
  const token = tokenOf(invited.body.invite_url);
  const accept = (as: string | null, body: object) =>
    call(as, "POST", "/v1/organisations/invites/accept", body);
  accepted = { token };
  expect(await accept(null, { token })).toMatchObject({ status: 401 });
  expect(await accept("ivy", {})).toMatchObject({ status: 400 });
  expect(await accept("ivy", { token })).toMatchObject({
    status: 200,
    body: { active_organisation_set: true, organisation: { id: company, role: "member" } },
  });
  expect((await call("ivy", "GET", "/v1/organisations")).body.active_organisation_id).toBe(company);
});

// It is set with the membership, so nothing is left to retry: false is told who accepts again from elsewhere.
test("Accept Invite: active_organisation_set is false where another organisation is active", async () => {
  const { token } = accepted;
  await call("ivy", "POST", "/v1/organisations", { name: "Ivy's own" });
  expect(await call("ivy", "POST", "/v1/organisations/invites/accept", { token })).toMatchObject({
    status: 200,
    body: { active_organisation_set: false, organisation: { id: company } },
  });
});

test("Revoke Invite: invite_id", async () => {
  await call("ada", "DELETE", `/v1/organisations/members/${await walk.userId("ivy")}`);
  const invited = await call("ada", "POST", "/v1/organisations/invites", { email: "kit@example.com" });
  const place = `/v1/organisations/invites/${invited.body.id}`;
  expect(await call("gus", "DELETE", place)).toMatchObject({ status: 403 });
  expect(await call("ada", "DELETE", place)).toMatchObject({ status: 200, body: { status: "revoked" } });
  expect((await call("ada", "GET", "/v1/organisations/invites")).body.invites).toEqual([]);
  const token = tokenOf(invited.body.invite_url);
  expect(await call("kit", "POST", "/v1/organisations/invites/accept", { token })).toMatchObject({
    status: 404,
    body: { code: "invite_not_found" },
  });
});

test("Get Usage: usage.daily_used, daily_limit, monthly_used and plan_id", async () => {
  const { status, body } = await call("gus", "GET", "/v1/usage");
  expect(status).toBe(200);
  expect(body.usage).toMatchObject({
    daily_used: 7,
    daily_limit: 1_000,
    monthly_used: 7,
    plan_id: "starter",
  });
});

describe("Get Usage History", () => {
  const history = (days?: number | string) =>
    call("gus", "GET", days === undefined ? "/v1/usage/history" : `/v1/usage/history?days=${days}`);

  test("days: default 30", async () => {
    expect((await history()).body.days).toHaveLength(30);
    const { status, body } = await history(30);
    expect(status).toBe(200);
    expect(body.days).toHaveLength(30);
    expect(body.days.at(-1).meters).toMatchObject([
      { meter: "pages", used: 7 },
      { meter: "jobs", used: 2 },
    ]);
  });

  test("days: max 365", async () => {
    expect((await history(365)).body.days).toHaveLength(365);
    for (const days of [366, 0, "many"]) expect(await history(days)).toMatchObject({ status: 400 });
  });
});

describe("Update Plan", () => {
  const update = (as: string, plan: string) => call(as, "PUT", "/v1/organisations/plan", { plan_id: plan });

  test("Only organisation admins can update the plan", async () => {
    expect(await update("gus", "professional")).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });

  test("Plan must exist", async () => {
    expect(await update("ada", "gold")).toMatchObject({ status: 404, body: { code: "plan_not_found" } });
  });

  test("Plan must be active", async () => {
    await walk.sql("update headroom.plan set active = false where id = 'enterprise'");
    const refused = await update("ada", "enterprise");
    await walk.sql("update headroom.plan set active = true where id = 'enterprise'");
    expect(refused).toMatchObject({ status: 400, body: { code: "plan_not_available" } });
  });

  test("the plan that the organisation has already", async () => {
    expect(await update("ada", "starter")).toMatchObject({
      status: 200,
      body: { plan_id: "starter", changed: false },
    });
  });

  // A paid plan begins with its payment: with a Stripe key the answer is a checkout, without one it is this refusal.
  test("professional and enterprise: nothing is changed before they are paid for", async () => {
    for (const plan of ["professional", "enterprise"])
      expect(await update("ada", plan)).toMatchObject({
        status: 503,
        body: { code: "billing_not_configured" },
      });
    expect((await call("ada", "GET", "/v1/usage")).body.usage.plan_id).toBe("starter");
  });
});

test("Get Available Plans: id, display_name, daily_page_limit and monthly_price_cents, 0 for free plans", async () => {
  const { status, body } = await call(null, "GET", "/v1/plans");
  expect(status).toBe(200);
  expect(body.plans).toMatchObject([
    { id: "starter", display_name: "Starter", daily_page_limit: 1_000, monthly_price_cents: 0 },
    {
      id: "professional",
      display_name: "Professional",
      daily_page_limit: 25_000,
      monthly_price_cents: 4_900,
    },
    { id: "enterprise", display_name: "Enterprise", daily_page_limit: 500_000, monthly_price_cents: 29_900 },
  ]);
});
