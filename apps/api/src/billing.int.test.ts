import { encodeId } from "@headroom/domain/ids";
import type { HttpServer } from "@headroom/platform/http";
import type { ServiceContext } from "@headroom/service/context";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLiveServer } from "./testing/live-server.ts";

let bench: StripeBench;
let server: HttpServer;
let without: HttpServer;
beforeAll(async () => {
  bench = await createStripeBench();
  server = await serve(bench.api);
  without = await serve({ ...bench.api, stripe: null });
});
afterAll(async () => {
  await server?.close();
  await without?.close();
  await bench?.close();
});

/** The token is the user's id. */
function serve(service: ServiceContext): Promise<HttpServer> {
  return startLiveServer(service, {
    authenticate: async ({ authorization = "" }) => ({
      kind: "user",
      userId: authorization.replace("Bearer ", ""),
    }),
  });
}

async function call(at: HttpServer, as: string | null, method: string, path: string, body?: object) {
  const response = await fetch(`${at.url}/v1${path}`, {
    method,
    headers: { "content-type": "application/json", ...(as ? { authorization: `Bearer ${as}` } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

async function organization() {
  const id = await bench.make.organization();
  const [owner, member] = [await bench.make.member(id, "owner"), await bench.make.member(id)];
  return { id, owner, member, path: `/organizations/${encodeId("org", id)}` };
}

test("anybody may see the plans, and keep them for a minute", async () => {
  const { status, headers, body } = await call(server, null, "GET", "/plans");
  expect(status).toBe(200);
  expect(headers.get("cache-control")).toContain("max-age=60");
  expect(body.plans[1]).toMatchObject({ id: "pro", monthly_price_cents: 2_900, daily_page_limit: 10_000 });
});

test("a member sees the plan; only who manages billing may buy", async () => {
  const { owner, member, path } = await organization();
  expect((await call(server, member, "GET", `${path}/plan`)).body).toMatchObject({
    plan: { id: "free", display_name: "Free" },
    status: "none",
    seats_purchased: 0,
  });
  const refused = await call(server, member, "POST", `${path}/checkout`, { plan_id: "pro" });
  expect([refused.status, refused.body.code]).toEqual([403, "forbidden"]);
  const opened = await call(server, owner, "POST", `${path}/checkout`, { plan_id: "pro", seats: 2 });
  expect([opened.status, opened.body.checkout_url]).toEqual([200, expect.stringContaining(bench.sandboxUrl)]);
});

test("a change to a paid plan answers where to pay, and changes nothing yet", async () => {
  const { owner, path } = await organization();
  const { status, body } = await call(server, owner, "PUT", `${path}/plan`, { plan_id: "pro" });
  expect([status, body]).toMatchObject([
    200,
    { plan_id: "free", changed: false, checkout_url: expect.any(String) },
  ]);
  const same = await call(server, owner, "PUT", `${path}/plan`, { plan_id: "free" });
  expect([same.status, same.body]).toMatchObject([200, { changed: false, checkout_url: null }]);
});

test.each([
  ["an unknown plan", { plan_id: "none" }, 404, "plan_not_found"],
  ["a free plan", { plan_id: "free" }, 400, "plan_not_available"],
  ["an interval that is not sold", { plan_id: "pro", interval: "year" }, 400, "plan_not_available"],
  ["a stranger's page", { plan_id: "pro", success_url: "//evil.example" }, 400, "validation_failed"],
  ["a script", { plan_id: "pro", cancel_url: "javascript:alert(1)" }, 400, "validation_failed"],
  ["an unknown field", { plan_id: "pro", price: 1 }, 400, "validation_failed"],
])("a checkout for %s is refused", async (_, body, status, code) => {
  const { owner, path } = await organization();
  const answer = await call(server, owner, "POST", `${path}/checkout`, body);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
});

test("max overage needs a plan that sells overage, and one of units and cents", async () => {
  const { owner, member, path } = await organization();
  const set = (as: string, body: object) => call(server, as, "PATCH", `${path}/max-overages`, body);
  expect((await set(owner, { meter: "jobs", units: 5 })).body.code).toBe("overage_not_available");
  expect((await set(owner, { meter: "words", units: 5 })).body.code).toBe("unknown_meter");
  expect((await set(owner, { units: 5, cents: 5 })).body.code).toBe("validation_failed");
  expect((await set(owner, {})).body.code).toBe("validation_failed");
  expect((await set(member, { units: 5 })).body.code).toBe("forbidden");
});

test("without a Stripe key billing says so, and everything else works", async () => {
  const { owner, path } = await organization();
  for (const [method, at, body] of [
    ["POST", "checkout", { plan_id: "pro" }],
    ["PUT", "plan", { plan_id: "pro" }],
    ["GET", "invoices", undefined],
  ] as const) {
    const answer = await call(without, owner, method, `${path}/${at}`, body);
    expect([answer.status, answer.body.code]).toEqual([503, "billing_not_configured"]);
  }
  expect((await call(without, owner, "GET", `${path}/plan`)).status).toBe(200);
  expect((await call(without, null, "GET", "/plans")).status).toBe(200);
});

test("an organization without invoices has none", async () => {
  const { owner, path } = await organization();
  const { status, body } = await call(server, owner, "GET", `${path}/invoices`);
  expect([status, body]).toEqual([200, { invoices: [], next_cursor: null, upcoming: null }]);
});

test("invoices come with their lines, and with the next one", async () => {
  const { owner, path } = await organization();
  const { body: opened } = await call(server, owner, "POST", `${path}/checkout`, { plan_id: "pro" });
  await bench.pay(opened.checkout_url);
  const { status, body } = await call(server, owner, "GET", `${path}/invoices`);
  expect(status).toBe(200);
  expect(body.invoices).toMatchObject([{ total: 2_900, lines: [{ amount: 2_900, meter: null }] }]);
});

test("the history of a meter that does not exist is refused, like a check of it", async () => {
  const { member, path } = await organization();
  const history = (meter: string) =>
    call(server, member, "GET", `${path}/usage/history?days=1&meter=${meter}`);
  expect((await history("jobs")).body.days[0].meters).toMatchObject([{ meter: "jobs", used: 0 }]);
  const refused = await history("nope");
  expect([refused.status, refused.body.code]).toEqual([400, "unknown_meter"]);
});

test("a preview takes what changes the plan takes, the currency too", async () => {
  const { owner, path } = await organization();
  const preview = (input: object) =>
    call(server, owner, "POST", `${path}/plan/preview`, { plan_id: "pro", ...input });
  expect(await preview({ currency: "usd" })).toMatchObject({
    status: 200,
    body: { currency: "usd", due_now: 2_900 },
  });
  expect(await preview({ currency: "eur" })).toMatchObject({
    status: 400,
    body: { code: "plan_not_available", details: { currency: "eur" } },
  });
});
