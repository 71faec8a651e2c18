/** `pingrep`: the published API of organizations of profiles, from its first line to its last. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emailOf, startWalk, type Walk } from "../testing/walks.ts";

let walk: Walk;
let first: string;
let team: string;
const support = "support@pingrep.com";
const call: Walk["call"] = (...request) => walk.call(...request);

beforeAll(async () => {
  walk = await startWalk("pingrep", { support });
  first = await walk.found("ada", "First");
  await walk.assignPlan(first, "max");
});
afterAll(() => walk?.close());

async function join(person: string, role: string) {
  const email = emailOf(person);
  expect(await call("ada", "POST", `/api/v1/organizations/${team}/members`, { email, role })).toMatchObject({
    status: 201,
  });
  const token = new URL(walk.linkMailedTo(email)).searchParams.get("token");
  expect(await call(person, "POST", "/v1/invites/accept", { token })).toMatchObject({ status: 200 });
  return walk.userId(person);
}

describe("Organizations", () => {
  test("group multiple profiles under a single billing account", async () => {
    for (const name of ["Ada at work", "Ada on stage"])
      expect(await call("ada", "POST", `/v1/organizations/${first}/profiles`, { name })).toMatchObject({
        status: 201,
        body: { name },
      });
    const listed = await call("ada", "GET", `/v1/organizations/${first}/profiles`);
    expect(listed.body.profiles).toHaveLength(2);
  });

  test("are available on the Max tier ($29/mo)", async () => {
    expect((await call(null, "GET", "/v1/plans")).body.plans).toMatchObject([
      { id: "free", monthly_price_cents: 0, features: {} },
      { id: "max", display_name: "Max", monthly_price_cents: 2_900, features: { organizations: true } },
    ]);
    expect(await call("eve", "POST", "/api/v1/organizations", { name: "Eve's" })).toMatchObject({
      status: 402,
      body: { code: "plan_required" },
    });
  });

  test("support up to 5 profiles included in the base price", async () => {
    const create = (name: string) => call("ada", "POST", `/v1/organizations/${first}/profiles`, { name });
    for (const name of ["three", "four", "five"]) expect(await create(name)).toMatchObject({ status: 201 });
    expect(await create("six")).toMatchObject({ status: 402, body: { code: "profile_limit_reached" } });
  });
});

describe("POST /api/v1/organizations: Create an organization", () => {
  test("Creates a new organization owned by the authenticated user", async () => {
    const created = await call("ada", "POST", "/api/v1/organizations", { name: "Team" });
    expect(created).toMatchObject({ status: 201, body: { name: "Team", role: "owner" } });
    team = created.body.id;
    // The plan comes from an operator here; a customer gets it by paying at a checkout.
    await walk.assignPlan(team, "max");
  });

  test("JWT", async () => {
    expect(await call(null, "POST", "/api/v1/organizations", { name: "Team" })).toMatchObject({
      status: 401,
      body: { code: "unauthenticated" },
    });
  });
});

describe("GET /api/v1/organizations: List organizations", () => {
  test("either as an owner or a member", async () => {
    await join("bob", "admin");
    await join("carol", "member");
    const listOf = async (person: string) => (await call(person, "GET", "/api/v1/organizations")).body;
    expect((await listOf("ada")).organizations).toMatchObject([
      { id: first, role: "owner" },
      { id: team, role: "owner" },
    ]);
    expect((await listOf("carol")).organizations).toMatchObject([{ id: team, role: "member" }]);
    expect((await listOf("eve")).organizations).toEqual([]);
  });

  test("JWT", async () => {
    expect(await call(null, "GET", "/api/v1/organizations")).toMatchObject({ status: 401 });
  });
});

describe("PATCH /api/v1/organizations/{org_id}: Update an organization", () => {
  const update = (as: string | null, body: object) =>
    call(as, "PATCH", `/api/v1/organizations/${team}`, body);

  test("Updates the name, slug, or settings of an organization", async () => {
    expect(await update("ada", { name: "The Team" })).toMatchObject({
      status: 200,
      body: { name: "The Team" },
    });
    expect(await update("ada", { slug: "the-team" })).toMatchObject({
      status: 200,
      body: { slug: "the-team" },
    });
    expect(await update("ada", { settings: { time_zone: "Europe/Berlin" } })).toMatchObject({
      status: 200,
      body: { name: "The Team", slug: "the-team", settings: { time_zone: "Europe/Berlin" } },
    });
  });

  // Its own table gives settings to admins as well ("Update org settings"): name and slug are the owner's alone.
  test("Only the org owner can perform this action", async () => {
    for (const body of [{ name: "Bob's" }, { slug: "bobs" }])
      for (const person of ["bob", "carol"])
        expect(await update(person, body)).toMatchObject({ status: 403, body: { code: "forbidden" } });
    expect(await update("eve", { name: "Eve's" })).toMatchObject({ status: 404 });
  });

  test("JWT", async () => {
    expect(await update(null, { name: "Nobody's" })).toMatchObject({ status: 401 });
  });
});

describe("POST /api/v1/organizations/{org_id}/members: Invite a member", () => {
  const invite = (as: string | null, body: object) =>
    call(as, "POST", `/api/v1/organizations/${team}/members`, body);

  test("The invited user receives a magic link email to accept", async () => {
    const invited = await invite("ada", { email: "dan@example.com", role: "member" });
    expect(invited).toMatchObject({
      status: 201,
      body: { email: "dan@example.com", role: "member", status: "pending", email_delivery: "sent" },
    });
    expect(walk.linkMailedTo("dan@example.com")).toBe(invited.body.invite_url);
  });

  test("email: required", async () => {
    expect(await invite("ada", { role: "member" })).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "email" }] } },
    });
  });

  test('role: required, "member" or "admin"', async () => {
    expect(await invite("ada", { email: "fay@example.com" })).toMatchObject({
      status: 400,
      body: { code: "validation_failed", details: { issues: [{ path: "role" }] } },
    });
    expect(await invite("ada", { email: "fay@example.com", role: "owner" })).toMatchObject({
      status: 400,
      body: { code: "invalid_role" },
    });
    expect(await invite("ada", { email: "fay@example.com", role: "admin" })).toMatchObject({
      status: 201,
      body: { role: "admin" },
    });
  });

  test("JWT", async () => {
    expect(await invite(null, { email: "gil@example.com", role: "member" })).toMatchObject({ status: 401 });
  });

  test("Pending invitations count toward your organization's member limit", async () => {
    expect(await invite("ada", { email: "gil@example.com", role: "member" })).toMatchObject({
      status: 402,
      body: {
        code: "seat_limit_reached",
        details: { limit: 5, members: 3, pending: 2, used: 5, available: 0 },
      },
    });
  });

  test("Cancel unused invitations to free up slots", async () => {
    const { body } = await call("ada", "GET", `/api/v1/organizations/${team}/members`);
    for (const { id } of body.invites)
      expect(await call("ada", "DELETE", `/v1/organizations/${team}/invites/${id}`)).toMatchObject({
        status: 200,
      });
    expect(await invite("ada", { email: "gil@example.com", role: "member" })).toMatchObject({ status: 201 });
  });
});

describe("GET /api/v1/organizations/{org_id}/members: List members", () => {
  const list = (as: string | null) => call(as, "GET", `/api/v1/organizations/${team}/members`);

  test("all members and pending invitations, including their roles and invitation status", async () => {
    const { status, body } = await list("ada");
    expect(status).toBe(200);
    expect(body.members).toMatchObject([
      { email: "ada@example.com", role: "owner", status: "active" },
      { email: "bob@example.com", role: "admin", status: "active" },
      { email: "carol@example.com", role: "member", status: "active" },
    ]);
    expect(body.invites).toMatchObject([{ email: "gil@example.com", role: "member", status: "pending" }]);
    expect(body).not.toHaveProperty("next_cursor");
  });

  test("JWT", async () => {
    expect(await list(null)).toMatchObject({ status: 401 });
    expect(await list("eve")).toMatchObject({ status: 404 });
  });
});

describe("Roles and permissions", () => {
  const people = { owner: "ada", admin: "bob", member: "carol" };
  const at = (path = "") => `/v1/organizations/${team}${path}`;
  const pass = (status: number) => (status === 403 ? "No" : "Yes");

  async function row(ask: (person: string) => Promise<{ status: number }>) {
    const answers: string[] = [];
    for (const person of Object.values(people)) answers.push(pass((await ask(person)).status));
    return answers;
  }

  // To a paid plan leads a checkout; without a Stripe key those who may are told so, with 503.
  test("Manage billing: Yes No No", async () => {
    const change = (person: string) => call(person, "PUT", at("/plan"), { plan_id: "max" });
    expect(await row(change)).toEqual(["Yes", "No", "No"]);
  });

  test("Invite members: Yes Yes No", async () => {
    const invite = async (person: string) => {
      const email = `of-${person}@example.com`;
      const invited = await call(person, "POST", `/api/v1/organizations/${team}/members`, {
        email,
        role: "member",
      });
      if (invited.status === 201) await call("ada", "DELETE", at(`/invites/${invited.body.id}`));
      return invited;
    };
    expect(await row(invite)).toEqual(["Yes", "Yes", "No"]);
  });

  test("Remove members: Yes Yes No", async () => {
    const remove = async (person: string) => {
      const target = await join(`leaver-of-${person}`, "member");
      const removed = await call(person, "DELETE", at(`/members/${target}`));
      await call("ada", "DELETE", at(`/members/${target}`));
      return removed;
    };
    expect(await row(remove)).toEqual(["Yes", "Yes", "No"]);
  });

  test("Update org settings: Yes Yes No", async () => {
    const update = (person: string) =>
      call(person, "PATCH", `/api/v1/organizations/${team}`, { settings: { time_zone: "UTC" } });
    expect(await row(update)).toEqual(["Yes", "Yes", "No"]);
  });

  test("View members list: Yes Yes Yes", async () => {
    const view = (person: string) => call(person, "GET", `/api/v1/organizations/${team}/members`);
    expect(await row(view)).toEqual(["Yes", "Yes", "Yes"]);
  });

  test("Manage own profile: Yes Yes Yes", async () => {
    const manage = async (person: string) => {
      const created = await call(person, "POST", at("/profiles"), { name: person });
      expect(created.status).toBe(201);
      return call(person, "PATCH", at(`/profiles/${created.body.id}`), { name: `${person} again` });
    };
    expect(await row(manage)).toEqual(["Yes", "Yes", "Yes"]);
  });
});

describe("Ownership transfer", () => {
  test("cannot be transferred through the API; contact support", async () => {
    const transfer = await call("ada", "POST", `/v1/organizations/${team}/transfer`, {
      user_id: await walk.userId("bob"),
    });
    expect(transfer).toMatchObject({
      status: 403,
      body: { code: "ownership_transfer_disabled", details: { support } },
    });
  });
});
