/** `overages`: the published API of organizations and overage limits, from its first line to its last. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emailOf, rawId, startWalk, type Walk } from "../testing/walks.ts";

let walk: Walk;
let acme: string;
const call: Walk["call"] = (...request) => walk.call(...request);

beforeAll(async () => {
  walk = await startWalk("overages");
});
afterAll(() => walk?.close());

async function join(owner: string, organizationId: string, person: string, role = "member") {
  const invites = `/v1/organizations/${organizationId}/invites`;
  const invited = await call(owner, "POST", invites, { email: emailOf(person), role });
  const token = new URL(invited.body.invite_url).searchParams.get("token");
  expect(await call(person, "POST", "/v1/invites/accept", { token })).toMatchObject({ status: 200 });
  return walk.userId(person);
}

describe("POST /organization: Create organization", () => {
  test("organizationName and domain: returns the created organization object with id, name, and other fields", async () => {
    const created = await call("ada", "POST", "/organization", {
      organizationName: "Acme",
      domain: "acme.com",
    });
    expect(created).toMatchObject({
      status: 201,
      body: { id: expect.stringMatching(/^org_/), name: "Acme", domain: "acme.com", role: "owner" },
    });
    acme = created.body.id;
  });

  test("domain: not required", async () => {
    expect(await call("olga", "POST", "/organization", { organizationName: "Other" })).toMatchObject({
      status: 201,
      body: { name: "Other", domain: null },
    });
  });

  test("organizationName: required", async () => {
    expect(await call("ada", "POST", "/organization", { domain: "acme.com" })).toMatchObject({
      status: 400,
      body: { code: "validation_failed" },
    });
  });

  test("another field is refused", async () => {
    expect(await call("ada", "POST", "/organization", { organization_name: "Acme" })).toMatchObject({
      status: 400,
      body: { code: "validation_failed", details: { issues: [{ path: "organization_name" }] } },
    });
  });
});

describe("GET /organization/list: List user's organizations", () => {
  test("Returns an array of organization objects", async () => {
    const listed = await call("ada", "GET", "/organization/list");
    expect(listed).toMatchObject({ status: 200, body: [{ id: acme, name: "Acme" }] });
    expect(listed.body).toHaveLength(1);
  });

  test("all organizations the authenticated user is a member of", async () => {
    await join("olga", (await call("olga", "GET", "/organization/list")).body[0].id, "ada");
    expect((await call("ada", "GET", "/organization/list")).body).toMatchObject([
      { name: "Acme", role: "owner" },
      { name: "Other", role: "member" },
    ]);
    expect((await call("nobody", "GET", "/organization/list")).body).toEqual([]);
    expect(await call(null, "GET", "/organization/list")).toMatchObject({ status: 401 });
  });
});

describe("GET /organization/{organization_id}: Get organization details", () => {
  test("Returns the organization object with full details", async () => {
    expect(await call("ada", "GET", `/organization/${acme}`)).toMatchObject({
      status: 200,
      body: { id: acme, name: "Acme", domain: "acme.com", slug: "acme", settings: { time_zone: "UTC" } },
    });
  });

  test("organization_id: of somebody else, and of nobody", async () => {
    for (const id of [acme, "org_0198c0de-0000-7000-8000-00000000000a"])
      expect(await call("olga", "GET", `/organization/${id}`)).toMatchObject({
        status: 404,
        body: { code: "organization_not_found" },
      });
  });
});

describe("PUT /organization/{organization_id}: Update organization", () => {
  test("the fields to update (e.g., name, domain): returns the updated organization object", async () => {
    const update = (body: object) => call("ada", "PUT", `/organization/${acme}`, body);
    expect(await update({ name: "Acme Inc." })).toMatchObject({
      status: 200,
      body: { id: acme, name: "Acme Inc.", domain: "acme.com" },
    });
    expect(await update({ domain: "acme.org" })).toMatchObject({
      status: 200,
      body: { name: "Acme Inc.", domain: "acme.org" },
    });
    expect(await update({ organizationName: "Acme", domain: null })).toMatchObject({
      status: 200,
      body: { name: "Acme", domain: null },
    });
    expect(await update({ name: "Acme", organizationName: "Acme" })).toMatchObject({ status: 400 });
  });
});

describe("DELETE /organization/{organization_id}/member/{user_id}: Remove team member", () => {
  test("Returns the updated organization or membership list", async () => {
    const bob = await join("ada", acme, "bob");
    const removed = await call("ada", "DELETE", `/organization/${acme}/member/${bob}`);
    expect(removed).toMatchObject({
      status: 200,
      body: { id: acme, name: "Acme", members: [{ email: "ada@example.com", role: "owner" }] },
    });
    expect(await call("bob", "GET", `/organization/${acme}`)).toMatchObject({ status: 404 });
  });

  test("user_id: bare as well; of no member", async () => {
    const bob = rawId("usr", await walk.userId("bob"));
    expect(await call("ada", "DELETE", `/organization/${acme}/member/${bob}`)).toMatchObject({
      status: 404,
      body: { code: "user_not_found" },
    });
  });
});

describe("PATCH /organization/{organization_id}/max-overages: Set max overage limit", () => {
  const set = (body: object, as = "ada") => call(as, "PATCH", `/organization/${acme}/max-overages`, body);

  test("needs a plan that has overage", async () => {
    expect(await set({ units: 100 })).toMatchObject({
      status: 402,
      body: { code: "overage_not_available" },
    });
  });

  // The plan comes from an operator here; a customer gets it by paying at a checkout.
  test("Returns the updated overage configuration", async () => {
    await walk.assignPlan(acme, "growth");
    expect(await set({ units: 100 })).toMatchObject({
      status: 200,
      body: {
        meters: [
          {
            meter: "requests",
            max_overage: 100,
            source: "organization",
            unit_price: "0.2",
            hard_cap: 50_100,
            overage: 0,
          },
        ],
      },
    });
  });

  test("JSON object with the overage limit value: units, or cents of money, or the plan's own", async () => {
    expect((await set({ cents: 500 })).body.meters).toMatchObject([{ max_overage: 2_500 }]);
    expect((await set({ units: null })).body.meters).toMatchObject([{ max_overage: 0, source: "plan" }]);
    expect((await set({ meter: "requests", units: 0 })).body.meters).toMatchObject([
      { max_overage: 0, source: "organization" },
    ]);
    for (const body of [{}, { units: 1, cents: 1 }, { units: -1 }])
      expect(await set(body)).toMatchObject({ status: 400 });
    expect(await set({ units: 1, meter: "pages" })).toMatchObject({
      status: 400,
      body: { code: "unknown_meter" },
    });
  });

  test("acts at once: usage stops at the new cap", async () => {
    await set({ units: 5 });
    const key = await call("ada", "POST", `/v1/organizations/${acme}/api-keys`, {
      name: "meter",
      scopes: ["usage:write"],
    });
    const consume = (quantity: number) => call(key.body.secret, "POST", "/v1/usage/consume", { quantity });
    expect(await consume(50_005)).toMatchObject({ status: 200, body: { overage: 5 } });
    expect(await consume(1)).toMatchObject({ status: 429, body: { code: "hard_cap" } });
    await set({ units: 6 });
    expect(await consume(1)).toMatchObject({ status: 200, body: { overage: 6 } });
  });

  test("is the owner's to set", async () => {
    await join("ada", acme, "carl", "admin");
    expect(await set({ units: 1 }, "carl")).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });
});
