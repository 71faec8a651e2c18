import { createDatabase, type Database } from "@headroom/db/client";
import { DomainError } from "@headroom/domain/errors";
import { defaultRateLimits, type RateLimits } from "@headroom/domain/rate-limits";
import type { HttpServer } from "@headroom/platform/http";
import { createRateLimiter } from "@headroom/service/rate-limits";
import { accessTo, createWorld, invite, type World } from "@headroom/service/testing/world";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { unauthenticated } from "./auth/tokens.ts";
import { identityOf, startLiveServer } from "./testing/live-server.ts";

let world: World;
const servers: HttpServer[] = [];
beforeAll(async () => {
  world = await createWorld();
  await world.seats(1000);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await world.scratch.admin.query("delete from headroom.rate_limit");
});
afterAll(() => world?.close());

/** An api process of its own on the world's database. A token is the subject; `bad` and `old` are no good. */
async function start(limits: Partial<RateLimits>, more: { hops?: number; db?: Database } = {}) {
  const server = await startLiveServer(world.context, {
    rateLimiter: createRateLimiter(more.db ?? world.context.db, { ...defaultRateLimits, ...limits }),
    trustedProxyHops: more.hops ?? 0,
    verifyToken: async (token) => {
      if (token.startsWith("bad")) throw unauthenticated();
      if (token === "old") throw new DomainError("token_expired", "The token has expired.");
      return identityOf(token);
    },
  });
  servers.push(server);
  return async (path: string, as: string | null, sent: { body?: object; forwarded?: string } = {}) => {
    const response = await fetch(`${server.url}${path}`, {
      method: sent.body === undefined ? "GET" : "POST",
      headers: {
        ...(as === null ? {} : { authorization: `Bearer ${as}` }),
        ...(sent.body === undefined ? {} : { "content-type": "application/json" }),
        ...(sent.forwarded === undefined ? {} : { "x-forwarded-for": sent.forwarded }),
      },
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
    });
    const header = (name: string) => response.headers.get(name);
    return {
      status: response.status,
      body: JSON.parse(await response.text()),
      limits: {
        policy: header("ratelimit-policy"),
        state: header("ratelimit"),
        retry: header("retry-after"),
      },
    };
  };
}

const statuses = async (calls: Promise<{ status: number }>[]) => {
  const counts: Record<number, number> = {};
  for (const { status } of await Promise.all(calls)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const times = <Result>(count: number, call: (index: number) => Result) =>
  Array.from({ length: count }, (_, index) => call(index));
const few = (points: number) => ({ failedAuthentications: { points, windowSeconds: 300 } });

describe("failed authentications", () => {
  test("beyond the limit are 429 with the headers, and nobody else is held up", async () => {
    const call = await start(few(3));
    expect(await statuses([call("/v1/me", "bad1"), call("/v1/me", "bad2"), call("/v1/me", "bad1")])).toEqual({
      401: 3,
    });
    const refused = await call("/v1/me", "bad1");
    expect(refused).toMatchObject({
      status: 429,
      body: {
        code: "rate_limited",
        details: { policy: "failed_authentications", limit: 3, window_seconds: 300 },
      },
      limits: { policy: '"failed_authentications";q=3;w=300' },
    });
    expect(Number(refused.limits.retry)).toBeGreaterThan(290);
    expect(refused.limits.state).toBe(`"failed_authentications";r=0;t=${refused.limits.retry}`);
    expect(await call("/v1/me", "ada")).toMatchObject({ status: 200 });
    expect(await call("/v1/me", null)).toMatchObject({ status: 401 });
    expect(await call("/v1/me", "old")).toMatchObject({ status: 401, body: { code: "token_expired" } });
  });

  test("count once a request, also of keys that meter, over tRPC and REST alike", async () => {
    const call = await start(few(3));
    const key = `hr_test_${"k".repeat(43)}`;
    const take = { meter: "pages", quantity: 1 };
    const batch = Array.from({ length: 10 }, () => "me.get").join(",");
    expect((await call(`/trpc/${batch}?batch=1&input=%7B%7D`, "bad")).status).toBe(401);
    expect((await call("/trpc/usage.consume", key, { body: take })).status).toBe(401);
    expect((await call("/v1/usage/consume", key, { body: take })).status).toBe(401);
    const refused = await call("/trpc/usage.consume", key, { body: take });
    expect(refused).toMatchObject({
      status: 429,
      body: { error: { data: { reason: "rate_limited", details: { policy: "failed_authentications" } } } },
      limits: { policy: '"failed_authentications";q=3;w=300', retry: expect.stringMatching(/^\d+$/) },
    });
  });

  test("are exact: 200 at once at two processes against a limit of 50", async () => {
    const [one, two] = [await start(few(50)), await start(few(50))];
    expect(await statuses(times(200, (index) => (index % 2 ? one : two)("/v1/me", "bad")))).toEqual({
      401: 50,
      429: 150,
    });
  });

  test("do not become fewer by a forged header where no proxy is trusted", async () => {
    const call = await start(few(5));
    const forged = (index: number) => call("/v1/me", "bad", { forwarded: `198.51.100.${index}` });
    expect(await statuses(times(20, forged))).toEqual({ 401: 5, 429: 15 });
  });

  test("behind one trusted proxy count for whom it names: not by what the caller claims, nor by spelling or within a /64", async () => {
    const call = await start(few(5), { hops: 1 });
    const claims = (index: number) => call("/v1/me", "bad", { forwarded: `1.1.1.${index}, 203.0.113.7` });
    expect(await statuses(times(20, claims))).toEqual({ 401: 5, 429: 15 });
    const mapped = ["::ffff:203.0.113.7", "::FFFF:CB00:7107", "203.0.113.7:5000", "0:0:0:0:0:ffff:cb00:7107"];
    expect(await statuses(mapped.map((forwarded) => call("/v1/me", "bad", { forwarded })))).toEqual({
      429: 4,
    });
    const rotated = (index: number) =>
      call("/v1/me", "bad", { forwarded: `2001:DB8:0:1:${index}::${index}` });
    expect(await statuses(times(20, rotated))).toEqual({ 401: 5, 429: 15 });
    expect(await call("/v1/me", "bad", { forwarded: "2001:db8:0:2::1" })).toMatchObject({ status: 401 });
  });

  test("are 503 while the database cannot be asked", async () => {
    const connectionString = "postgres://nobody@127.0.0.1:1/none";
    const db = createDatabase({ connectionString, role: "hr_api", applicationName: "headroom-test" });
    const call = await start({}, { db });
    expect(await call("/v1/me", "bad")).toMatchObject({ status: 503, body: { code: "unavailable" } });
    await db.close();
  });
});

describe("links that open nothing", () => {
  const limits = { unknownInviteTokens: { points: 3, windowSeconds: 60 } };

  test("are limited by address, over every way to try one; a link that opens something still does", async () => {
    const call = await start(limits);
    const owner = await world.person();
    const organization = await world.organization(owner);
    const { token } = await invite(world.context, organization, owner, "grace@example.com");
    expect((await call("/v1/invites/preview?token=x", null)).status).toBe(404);
    expect((await call("/v1/invites/accept", "grace", { body: { token: "y" } })).status).toBe(404);
    expect((await call("/trpc/invites.preview?input=%7B%22token%22%3A%22z%22%7D", null)).status).toBe(404);
    expect(await call("/v1/invites/preview?token=x", null)).toMatchObject({
      status: 429,
      body: { code: "rate_limited", details: { policy: "unknown_invite_tokens" } },
      limits: { policy: '"unknown_invite_tokens";q=3;w=60' },
    });
    expect((await call("/v1/invites/accept", "grace", { body: { token: "y" } })).status).toBe(429);
    expect(await call(`/v1/invites/preview?token=${token}`, null)).toMatchObject({
      status: 200,
      limits: { policy: '"unknown_invite_tokens";q=3;w=60', state: null },
    });
    expect((await call("/v1/invites/accept", "grace", { body: { token } })).status).toBe(200);
  });
});

describe("invites", () => {
  test("are limited by person and by organization, and each answer says how far", async () => {
    const call = await start({
      invitesByActor: { points: 2, windowSeconds: 3600 },
      invitesByOrganization: { points: 3, windowSeconds: 86_400 },
    });
    const { body: organization } = await call("/v1/organizations", "owner", { body: { name: "Acme" } });
    const send = (as: string, email: string) =>
      call(`/v1/organizations/${organization.id}/invites`, as, { body: { email } });
    expect(await send("owner", "admin@example.com")).toMatchObject({
      status: 201,
      limits: {
        policy: '"invites_by_actor";q=2;w=3600, "invites_by_organization";q=3;w=86400',
        state: '"invites_by_actor";r=1;t=3600, "invites_by_organization";r=2;t=86400',
        retry: null,
      },
    });
    const trpc = await call("/trpc/invites.create", "owner", {
      body: { organizationId: organization.id, email: "two@example.com" },
    });
    expect(trpc).toMatchObject({
      status: 200,
      limits: { state: expect.stringContaining('"invites_by_actor";r=0;') },
    });
    expect(await send("owner", "three@example.com")).toMatchObject({
      status: 429,
      body: { code: "rate_limited", details: { policy: "invites_by_actor", limit: 2, remaining: 0 } },
    });
    const { rows } = await world.scratch.admin.query(
      "select split_part(key, ':', 1) as name, points from headroom.rate_limit order by 1",
    );
    expect(rows).toEqual([
      { name: "invitesByActor", points: 2 },
      { name: "invitesByOrganization", points: 2 },
    ]);
  }, 20_000);

  test("of a bulk are all counted or none, and a personal key is its person", async () => {
    const limiter = createRateLimiter(world.context.db, {
      ...defaultRateLimits,
      invitesByActor: { points: 10, windowSeconds: 3600 },
    });
    const owner = await world.person();
    const organizationId = await world.organization(owner);
    const { actor } = await accessTo(world.context, owner, organizationId, "invites.manage");
    const key = {
      kind: "organization_key",
      keyId: "k",
      organizationId,
      scopes: [],
      memberUserId: owner.userId,
    } as const;
    await limiter.takeInvites({ actor, organizationId }, 6);
    await expect(limiter.takeInvites({ actor: key, organizationId }, 5)).rejects.toMatchObject({
      code: "rate_limited",
      details: { policy: "invites_by_actor", remaining: 4 },
    });
    expect(await limiter.takeInvites({ actor: key, organizationId }, 4)).toMatchObject([
      { remaining: 0 },
      { name: "invitesByOrganization", remaining: 290 },
    ]);
  });
});
