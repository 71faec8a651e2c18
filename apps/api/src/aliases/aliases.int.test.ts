import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rawId, startWalk, type Walk } from "../testing/walks.ts";

let walk: Walk;
let company: string;
const call: Walk["call"] = (...request) => walk.call(...request);

beforeAll(async () => {
  walk = await startWalk("crawler");
  company = (await call("ada", "POST", "/v1/organisations", { name: "Company" })).body.id;
});
afterAll(() => walk?.close());

describe("only the active preset's paths answer", () => {
  test.each([
    ["GET", "/api/v1/organizations"],
    ["POST", "/api/v1/team/invite?email=a@b.co"],
    ["GET", "/organization/list"],
    ["GET", "/v1/organisations/nothing"],
    ["GET", "/v1/organisations/"],
    ["GET", "/V1/organisations"],
  ])("%s %s does not", async (method, path) => {
    expect(await call("ada", method, path)).toMatchObject({ status: 404, body: { code: "route_not_found" } });
  });

  test("and none without a preset", async () => {
    const plain = await startWalk(null);
    try {
      expect(await plain.call("ada", "GET", "/v1/organisations")).toMatchObject({
        status: 404,
        body: { code: "route_not_found" },
      });
      expect(await plain.call("ada", "GET", "/v1/organizations")).toMatchObject({ status: 200 });
    } finally {
      await plain.close();
    }
  });

  test("besides /v1, which stays as it is", async () => {
    expect(await call("ada", "GET", "/v1/organizations")).toMatchObject({
      status: 200,
      body: { organizations: [{ id: company }], next_cursor: null },
    });
  });
});

describe("a request in the source's form", () => {
  test("by another method is 405 with those that would do", async () => {
    const refused = await call("ada", "DELETE", "/v1/organisations");
    expect(refused).toMatchObject({ status: 405, body: { code: "method_not_allowed" } });
    expect(refused.headers.get("allow")).toBe("GET, HEAD, POST");
  });

  test.each([
    ["in another spelling", "POST", "/v1/organisations/switch", { organization_id: "x" }, "organization_id"],
    ["in code's spelling", "POST", "/v1/organisations/switch", { organizationId: "x" }, "organizationId"],
    ["with a field in the query", "POST", "/v1/organisations?name=A", {}, "name"],
    [
      "with a field that the path has",
      "PATCH",
      "/v1/organisations/members/x",
      { member_id: "y" },
      "member_id",
    ],
    ["with an unknown query", "GET", "/v1/organisations?page=2", undefined, "page"],
    ["with pages", "GET", "/v1/organisations/members?limit=1", undefined, "limit"],
    ["naming a prototype", "POST", "/v1/organisations", { constructor: "A" }, "constructor"],
  ])("%s is refused there", async (_, method, path, body, field) => {
    expect(await call("ada", method, path, body)).toMatchObject({
      status: 400,
      body: {
        code: "validation_failed",
        details: { issues: expect.arrayContaining([expect.objectContaining({ path: field })]) },
      },
    });
  });

  test("that is no object, no JSON or too long", async () => {
    expect(await call("ada", "POST", "/v1/organisations", ["A"])).toMatchObject({ status: 400 });
    expect(await call("ada", "POST", "/v1/organisations", { name: "x".repeat(1_100_000) })).toMatchObject({
      status: 413,
    });
  });

  test("without a credential is refused before it is read", async () => {
    expect(await call(null, "POST", "/v1/organisations", { nonsense: 1 })).toMatchObject({ status: 401 });
  });

  test("takes a bare UUID for an id, and answers alike for one that is foreign and one that is nobody's", async () => {
    await call("eve", "POST", "/v1/organisations", { name: "Eve's" });
    const switchTo = (as: string, id: string) =>
      call(as, "POST", "/v1/organisations/switch", { organisation_id: id });
    expect(await switchTo("ada", rawId("org", company))).toMatchObject({
      status: 200,
      body: { active_organisation_id: company },
    });
    const foreign = await switchTo("eve", rawId("org", company));
    const unknown = await switchTo("eve", "0198c0de-0000-7000-8000-00000000000a");
    expect(foreign).toMatchObject({ status: 404 });
    expect({ ...foreign.body, request_id: "" }).toEqual({ ...unknown.body, request_id: "" });
  });
});

test("lists have no pages: all of them are gathered", async () => {
  await walk.sql(
    `with person as (
       insert into headroom.account (id, issuer, subject, created_at, updated_at)
       select gen_random_uuid(), 'test', n::text, now(), now() from generate_series(1, 450) n returning id)
     insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
     select $1, gen_random_uuid(), id, 'member', now(), now() from person`,
    [rawId("org", company)],
  );
  const idsIn = ({ body }: { body: { members: { id: string }[] } }) =>
    new Set(body.members.map(({ id }) => id));
  expect(idsIn(await call("ada", "GET", "/v1/organisations/members")).size).toBe(451);
  const current = await call("ada", "GET", "/v1/organisations/current");
  const ids = idsIn(current);
  expect(ids.size).toBe(451);
  expect(current.body).not.toHaveProperty("next_cursor");
  const [last] = [...ids].slice(-1);
  expect(idsIn(await call("ada", "DELETE", `/v1/organisations/members/${last}`)).size).toBe(450);

  const { id: ada } = (await call("ada", "GET", "/v1/me")).body.user;
  const [heir = ""] = [...ids].filter((id) => id !== ada && id !== last);
  await walk.sql(
    "update headroom.membership set role = 'admin' where organization_id = $1 and user_id = $2",
    [rawId("org", company), rawId("usr", heir)],
  );
  const left = await call("ada", "DELETE", `/v1/organisations/members/${ada}`);
  expect(left).toMatchObject({ status: 200, body: { organisation: { id: company } } });
  expect(idsIn(left).size).toBe(200);
  expect(await call("ada", "GET", "/v1/organisations/members")).toMatchObject({ status: 400 });
});
