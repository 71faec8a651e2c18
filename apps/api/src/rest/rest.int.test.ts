import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { meteringKey, own, type ProbeServer, startProbeServer } from "../testing/probes.ts";

let server: ProbeServer;

beforeAll(async () => {
  server = await startProbeServer();
});

beforeEach(() => {
  server.lines.length = 0;
});

afterAll(() => server.close());

describe("REST", () => {
  test("respells our fields, and leaves the caller's maps alone", async () => {
    const properties = { crawlJob: "a", crawl_job: 2 };
    const { status, body } = await server.send(`/v1/probe/usr_${own}/echo`, {
      method: "PUT",
      as: "user",
      body: { display_name: "  Ada  ", properties },
    });
    expect(status).toBe(200);
    expect(body).toEqual({ display_name: "Ada", properties, lines: [{ unit_price: "2.5" }] });
  });

  test("reads numbers, booleans and lists from the query", async () => {
    const { body } = await server.get(
      "/v1/probe/list?limit=1&is_active=false&meter_names=a&meter_names=2&cursor=abc",
      {
        as: "user",
      },
    );
    expect(body).toEqual({ items: [{ is_active: false, meter_names: ["a", "2"] }], next_cursor: "abc" });
    for (const query of [
      "limit=0",
      "limit=201",
      "limit=1.5",
      "limit=",
      "limit=ten",
      "limit=1&limit=2",
      "isActive=true",
    ]) {
      expect((await server.get(`/v1/probe/list?${query}`, { as: "user" })).status).toBe(400);
    }
  });

  test("spells the place of a fault as the wire does", async () => {
    const { body } = await server.send(`/v1/probe/usr_${own}/echo`, {
      method: "PATCH",
      as: "user",
      body: {},
    });
    expect(body.details.issues).toMatchObject([{ path: "display_name" }]);
  });

  test("a refusal that typed callers read as a value is an error here", async () => {
    const fits = await server.send("/v1/probe/take", {
      as: meteringKey,
      body: { organization_id: "current", quantity: 10 },
    });
    expect([fits.status, fits.body]).toEqual([201, { allowed: true, organization: null }]);
    const full = await server.send("/v1/probe/take", {
      as: meteringKey,
      body: { organization_id: "current", quantity: 11 },
    });
    expect([full.status, full.body.code]).toEqual([429, "daily_limit"]);
    expect(full.headers.get("retry-after")).toBe("60");
    expect(full.headers.get("ratelimit")).toBe('"daily_limit";r=0;t=60');
    const typed = await server.send("/trpc/probe.take", {
      as: meteringKey,
      body: { organizationId: "current", quantity: 11 },
    });
    expect([typed.status, typed.body.result.data.allowed]).toEqual([200, false]);
  });

  test("knows its places and their methods", async () => {
    const nothing = await server.get("/v1/nothing");
    expect([nothing.status, nothing.body.code]).toEqual([404, "route_not_found"]);
    const wrong = await server.send(`/v1/probe/usr_${own}/echo`, { method: "DELETE" });
    expect([wrong.status, wrong.body.code]).toEqual([405, "method_not_allowed"]);
    expect(wrong.headers.get("allow")).toBe("PATCH, PUT");
    const readOnly = await server.send("/v1/probe", { method: "PUT" });
    expect([readOnly.status, readOnly.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(readOnly.body.details).toEqual({ allowed: ["GET", "HEAD"] });
    const document = await server.send("/openapi.json");
    expect([document.status, document.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await server.get("/elsewhere")).body.code).toBe("route_not_found");
  });

  test.each([
    ["POST", "probe.open", "GET"],
    ["GET", "probe.take", "POST"],
    ["PUT", "probe.take", "POST"],
  ])("%s of tRPC's %s says that it takes %s", async (method, procedure, allowed) => {
    const body = method === "GET" ? {} : { body: {} };
    const refused = await server.send(`/trpc/${procedure}`, { method, as: "user", ...body });
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, allowed]);
  });

  test("HEAD is GET without a body", async () => {
    const { status, text } = await server.send("/v1/probe", { method: "HEAD" });
    expect([status, text]).toEqual([200, ""]);
  });

  test("only what says so may be kept", async () => {
    expect((await server.get("/v1/probe")).headers.get("cache-control")).toBe("public, max-age=60");
    expect((await server.get("/v1/probe/list", { as: "user" })).headers.get("cache-control")).toBe(
      "no-store",
    );
    expect((await server.get("/v1/nothing")).headers.get("cache-control")).toBe("no-store");
    expect((await server.get("/trpc/probe.open")).headers.get("cache-control")).toBe("no-store");
  });
});
