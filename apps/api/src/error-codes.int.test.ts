import { createDatabase, type Database } from "@headroom/db/client";
import { errorReference } from "@headroom/domain/error-reference";
import { DomainError, type ErrorCode, errorCodes, statusOf } from "@headroom/domain/errors";
import { decodeId, type IdPrefix } from "@headroom/domain/ids";
import { defaultRateLimits } from "@headroom/domain/rate-limits";
import type { HttpServer } from "@headroom/platform/http";
import { createMetrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { createRateLimiter, type RateLimiter } from "@headroom/service/rate-limits";
import { deliver } from "@headroom/service/testing/plan-ladder";
import { createStripeBench, type StripeBench } from "@headroom/service/testing/stripe-bench";
import { invite } from "@headroom/service/testing/world";
import { createUsageLane } from "@headroom/service/usage-lane";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authenticate } from "./auth/credentials.ts";
import { unauthenticated } from "./auth/tokens.ts";
import { errorsOf } from "./openapi/problems.ts";
import { allToWire } from "./rest/names.ts";
import { createRouteTable } from "./rest/table.ts";
import { appRouter } from "./router.ts";
import { startApiServer } from "./server.ts";
import {
  askRest,
  askTrpc,
  hasBody,
  operationOf,
  type RefusedCall,
  spelledNames,
  type Told,
} from "./testing/refusals.ts";

let bench: StripeBench;
let url: string;
let dead: Database;
const servers: HttpServer[] = [];

beforeAll(async () => {
  bench = await createStripeBench();
  url = await serve();
  dead = createDatabase({
    connectionString: "postgres://nobody@127.0.0.1:1/none",
    role: "hr_api",
    applicationName: "headroom-test",
  });
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await dead?.close();
  await bench?.close();
});

/** The api with what differs. A token is a subject; `no-…` has no verified address, `bad` is none, `old` has expired. */
async function serve(changes: Partial<ServiceContext> = {}, rateLimiter?: RateLimiter): Promise<string> {
  const service = { ...bench.api, ...changes };
  const server = await startApiServer({
    host: "127.0.0.1",
    port: 0,
    service,
    usageLane: createUsageLane(service.db),
    ...(rateLimiter === undefined ? {} : { rateLimiter }),
    router: appRouter,
    authenticate: (headers) => authenticate(service, verifyToken, headers),
    checks: {},
    origins: [],
    metrics: createMetrics("api"),
  });
  servers.push(server);
  return server.url;
}

async function verifyToken(token: string) {
  if (token === "bad") throw unauthenticated();
  if (token === "old") throw new DomainError("token_expired", "The token has expired.");
  return {
    issuer: "https://issuer.example.com",
    subject: token,
    email: `${token}@example.com`,
    emailVerified: !token.startsWith("no-"),
    name: token,
  };
}

const underPolicies = (change: (policies: ServiceContext["configuration"]["policies"]) => object) => {
  const { configuration } = bench.api;
  const policies = { ...configuration.policies, ...change(configuration.policies) };
  return serve({ configuration: { ...configuration, policies } });
};

/** Does what a refusal needs to have happened, and fails when that is refused. */
async function done(as: string | null, procedure: string, input: object, more: Partial<RefusedCall> = {}) {
  const { status, body } = await askRest({ url, as, procedure, input, ...more } as RefusedCall);
  if (status >= 300) throw new Error(`${procedure}: ${status} ${JSON.stringify(body)}`);
  return body as Record<string, string>;
}

let founded = 0;

/** An organization of its own, and the token of its owner. */
async function found(at = url) {
  founded += 1;
  const owner = `owner-${founded}`;
  const { id = "" } = await done(owner, "organizations.create", { name: `Acme ${founded}` }, { url: at });
  return { id, owner, other: `other-${founded}`, mail: (token: string) => `${token}@example.com` };
}

/** An open invite and its token, made by the service, which does not wait for the mail. */
async function inviteTo({ id, owner, mail }: Awaited<ReturnType<typeof found>>, person: string) {
  const inviter = { kind: "user", userId: raw(await userOf(owner), "usr") } as const;
  const { invite: made, token } = await invite(bench.api, raw(id), inviter, mail(person));
  return { id: made.id, token };
}

/** A second member. */
async function joined(organization: Awaited<ReturnType<typeof found>>) {
  const { other } = organization;
  const invite = await inviteTo(organization, other);
  await done(other, "invites.accept", { token: invite.token });
  return { token: other, invite, userId: await userOf(other) };
}

async function userOf(token: string): Promise<string> {
  return ((await done(token, "me.get", {})) as unknown as { user: { id: string } }).user.id;
}

async function conversationIn({ id, owner }: { id: string; owner: string }): Promise<string> {
  return (await done(owner, "conversations.create", { organizationId: id, subject: "Hello" })).id ?? "";
}

async function meteringKeyOf({ id, owner }: { id: string; owner: string }): Promise<string> {
  const input = { organizationId: id, name: "meter", scopes: ["usage:write"] };
  return (await done(owner, "apiKeys.create", input)).secret ?? "";
}

const raw = (id: string, prefix: IdPrefix = "org") => decodeId(prefix, id) ?? "";
const nobody = "usr_01983a5d-4b03-7a1b-9c2d-3e4f5a6b7c03";
const nothing = "cnv_01983a64-3b0c-7f3a-9b4c-5d6e7f8a9b0c";

/** One call for each code. What it changes for others is put back by `after`. */
const calls: Partial<Record<ErrorCode, () => Promise<RefusedCall & { after?: () => Promise<unknown> }>>> = {
  validation_failed: async () => {
    const { id, owner } = await found();
    return { url, as: owner, procedure: "invites.create", input: { organizationId: id, email: 5 } };
  },
  already_member: async () => {
    const { id, owner, mail } = await found();
    return {
      url,
      as: owner,
      procedure: "invites.create",
      input: { organizationId: id, email: mail(owner) },
    };
  },
  already_invited: async () => {
    const organization = await found();
    const { id, owner, other, mail } = organization;
    await inviteTo(organization, other);
    return {
      url,
      as: owner,
      procedure: "invites.create",
      input: { organizationId: id, email: mail(other) },
    };
  },
  invalid_role: async () => {
    const { id, owner, other, mail } = await found();
    const input = { organizationId: id, email: mail(other), role: "owner" };
    return { url, as: owner, procedure: "invites.create", input };
  },
  not_a_member: async () => {
    const organization = await found();
    const conversationId = await conversationIn(organization);
    const input = { organizationId: organization.id, conversationId, userId: nobody };
    return { url, as: organization.owner, procedure: "conversations.assign", input };
  },
  no_active_organization: async () => ({
    url,
    as: "newcomer",
    procedure: "organizations.get",
    input: { organizationId: "current" },
  }),
  plan_not_available: async () => {
    const { id, owner } = await found();
    const input = { organizationId: id, planId: "pro", interval: "year" };
    return { url, as: owner, procedure: "billing.checkout", input };
  },
  conversation_not_open: async () => {
    const organization = await found();
    const { id: organizationId, owner } = organization;
    const conversationId = await conversationIn(organization);
    await done(owner, "conversations.close", { organizationId, conversationId });
    const input = { organizationId, conversationId, userId: await userOf(owner) };
    return { url, as: owner, procedure: "conversations.assign", input };
  },
  unknown_meter: async () => {
    const { id, owner } = await found();
    return { url, as: owner, procedure: "usage.check", input: { organizationId: id, meter: "words" } };
  },
  unauthenticated: async () => ({ url, as: "bad", procedure: "me.get", input: {} }),
  token_expired: async () => ({ url, as: "old", procedure: "me.get", input: {} }),
  seat_limit_reached: async () => {
    const organization = await found();
    await inviteTo(organization, organization.other);
    const input = { organizationId: organization.id, email: "third@example.com" };
    return { url, as: organization.owner, procedure: "invites.create", input };
  },
  profile_limit_reached: async () => {
    const { id, owner } = await found();
    await bench.rows(
      `update headroom.plan set definition = definition || '{"profilesIncluded": 0}' where id = 'free'`,
    );
    return { url, as: owner, procedure: "profiles.create", input: { organizationId: id, name: "One" } };
  },
  plan_required: async () => ({
    url: await underPolicies(({ organizations }) => ({
      organizations: { ...organizations, createRequires: "organizations" },
    })),
    as: "newcomer",
    procedure: "organizations.create",
    input: { name: "Acme" },
  }),
  overage_not_available: async () => {
    const { id, owner } = await found();
    const input = { organizationId: id, meter: "jobs", units: 5 };
    return { url, as: owner, procedure: "organizations.setMaxOverages", input };
  },
  payment_failed: async () => {
    const { id, owner } = await found();
    const { checkout_url = "" } = await done(owner, "billing.checkout", {
      organizationId: id,
      planId: "pro",
    });
    await bench.pay(checkout_url);
    const customer = await deliver(bench, raw(id));
    const { data } = await bench.stripe.subscriptions.list({ customer });
    await bench.stripe.subscriptions.update(data[0]?.id ?? "", {
      default_payment_method: "pm_card_chargeCustomerFail",
    });
    // Seats that are paid at once.
    await bench.rows(
      `update headroom.plan set definition = jsonb_set(definition, '{seats,proration}', '"now"') where id = 'pro'`,
    );
    return { url, as: owner, procedure: "billing.setSeats", input: { organizationId: id, seats: 1 } };
  },
  forbidden: async () => {
    const organization = await found();
    const { token, userId } = await joined(organization);
    const input = { organizationId: organization.id, userId, role: "admin" };
    return { url, as: token, procedure: "members.setRole", input };
  },
  cannot_change_own_role: async () => {
    const { id, owner } = await found();
    const input = { organizationId: id, userId: await userOf(owner), role: "admin" };
    return { url, as: owner, procedure: "members.setRole", input };
  },
  invite_email_mismatch: async () => {
    const organization = await found();
    const { token } = await inviteTo(organization, organization.other);
    return { url, as: "newcomer", procedure: "invites.accept", input: { token } };
  },
  email_not_verified: async () => {
    const organization = await found();
    const { token } = await inviteTo(organization, `no-${organization.other}`);
    return { url, as: `no-${organization.other}`, procedure: "invites.accept", input: { token } };
  },
  ownership_transfer_disabled: async () => {
    const organization = await found();
    const { userId } = await joined(organization);
    const input = { organizationId: organization.id, userId };
    return { url, as: organization.owner, procedure: "organizations.transfer", input };
  },
  organization_not_found: async () => {
    const { id } = await found();
    return { url, as: "newcomer", procedure: "organizations.get", input: { organizationId: id } };
  },
  user_not_found: async () => {
    const { id, owner } = await found();
    const input = { organizationId: id, userId: nobody };
    return { url, as: owner, procedure: "members.remove", input };
  },
  invite_not_found: async () => ({ url, procedure: "invites.preview", input: { token: "unknown" } }),
  plan_not_found: async () => {
    const { id, owner } = await found();
    return { url, as: owner, procedure: "billing.changePlan", input: { organizationId: id, planId: "gold" } };
  },
  resource_not_found: async () => {
    const { id, owner } = await found();
    const input = { organizationId: id, conversationId: nothing };
    return { url, as: owner, procedure: "conversations.get", input };
  },
  route_not_found: async () => ({
    url,
    rest: { method: "GET", path: "/nowhere" },
    trpc: { method: "GET", path: "/nowhere" },
  }),
  method_not_allowed: async () => ({
    url,
    rest: { method: "PUT", path: "/plans" },
    trpc: { method: "GET", path: "/organizations.create" },
  }),
  payload_too_large: async () => ({
    url,
    as: "newcomer",
    procedure: "organizations.create",
    input: { name: "a".repeat(1024 * 1024) },
  }),
  unsupported_media_type: async () => ({
    url,
    as: "newcomer",
    headers: { "content-type": "text/plain" },
    procedure: "organizations.create",
    input: { name: "Acme" },
  }),
  last_owner: async () => {
    const { id, owner } = await found();
    return { url, as: owner, procedure: "organizations.leave", input: { organizationId: id } };
  },
  last_admin: async () => {
    const at = await underPolicies(() => ({ roles: { creator: "admin", aliases: {} } }));
    const { id, owner } = await found(at);
    return { url: at, as: owner, procedure: "organizations.leave", input: { organizationId: id } };
  },
  slug_taken: async () => {
    const { owner } = await found();
    await done(owner, "organizations.create", { name: "Taken", slug: "taken" });
    return { url, as: owner, procedure: "organizations.create", input: { name: "Again", slug: "taken" } };
  },
  invite_not_pending: async () => {
    const organization = await found();
    const { invite } = await joined(organization);
    const input = { organizationId: organization.id, inviteId: invite.id };
    return { url, as: organization.owner, procedure: "invites.revoke", input };
  },
  active_subscription: async () => {
    const { id, owner } = await found();
    await bench.rows(
      "update headroom.subscription set source = 'operator' where organization_id = $1",
      raw(id),
    );
    const input = { organizationId: id, planId: "pro" };
    return { url, as: owner, procedure: "billing.checkout", input };
  },
  currency_fixed: async () => {
    const { id, owner } = await found();
    await bench.rows("update headroom.subscription set currency = 'eur' where organization_id = $1", raw(id));
    const input = { organizationId: id, planId: "pro", currency: "usd" };
    return { url, as: owner, procedure: "billing.checkout", input };
  },
  no_subscription: async () => {
    const { id, owner } = await found();
    return { url, as: owner, procedure: "billing.setSeats", input: { organizationId: id, seats: 1 } };
  },
  reservation_not_open: async () => {
    const as = await meteringKeyOf(await found());
    const made = await done(as, "usage.reserve", { meter: "pages", quantity: 1 });
    const { id: reservationId } = made.reservation as unknown as { id: string };
    await done(as, "usage.release", { reservationId });
    return { url, as, procedure: "usage.release", input: { reservationId } };
  },
  idempotency_mismatch: async () => {
    const as = await meteringKeyOf(await found());
    const headers = { "idempotency-key": "once" };
    await done(as, "usage.consume", { meter: "pages", quantity: 1 }, { headers });
    return { url, as, headers, procedure: "usage.consume", input: { meter: "pages", quantity: 2 } };
  },
  invite_expired: async () => {
    const organization = await found();
    const { token } = await inviteTo(organization, organization.other);
    await bench.rows("update headroom.dev_clock set clock_offset = '8 days'");
    const after = () => bench.rows("update headroom.dev_clock set clock_offset = '0 days'");
    return { url, as: organization.other, procedure: "invites.accept", input: { token }, after };
  },
  daily_limit: async () => {
    const as = await meteringKeyOf(await found());
    return { url, as, procedure: "usage.consume", input: { meter: "pages", quantity: 1_001 } };
  },
  hard_cap: async () => {
    const as = await meteringKeyOf(await found());
    return { url, as, procedure: "usage.consume", input: { meter: "jobs", quantity: 11 } };
  },
  rate_limited: async () => {
    const unknownInviteTokens = { points: 1, windowSeconds: 60 };
    const limiter = createRateLimiter(bench.api.db, { ...defaultRateLimits, unknownInviteTokens });
    const call = {
      url: await serve({}, limiter),
      procedure: "invites.preview",
      input: { token: "unknown" },
    };
    await askRest(call);
    return call;
  },
  internal: async () => {
    const { id, owner } = await found();
    await bench.rows("alter table headroom.conversation rename to hidden");
    const after = () => bench.rows("alter table headroom.hidden rename to conversation");
    return { url, as: owner, procedure: "conversations.list", input: { organizationId: id }, after };
  },
  unavailable: async () => ({ url: await serve({ db: dead }), procedure: "plans.list", input: {} }),
  billing_not_configured: async () => {
    const { id, owner } = await found();
    const input = { organizationId: id, planId: "pro" };
    return { url: await serve({ stripe: null }), as: owner, procedure: "billing.checkout", input };
  },
};

/** Codes that no procedure answers, and why. One that a procedure begins to declare has to move up. */
const elsewhere: Partial<Record<ErrorCode, string>> = {
  invalid_signature: "of Stripe's webhooks: apps/stripe-webhook/src/receive.int.test.ts has it over HTTP",
};

/** Codes that typed callers get as a value of the answer. */
const values: readonly ErrorCode[] = ["daily_limit", "hard_cap"];

describe("over HTTP", () => {
  test.each(Object.entries(calls))("%s", async (name, prepare) => {
    const code = name as ErrorCode;
    const { after, ...call } = await prepare();
    const [rest, trpc] = [await askRest(call), await askTrpc(call)];
    await after?.();
    const status = statusOf(errorCodes[code]);
    expect(rest).toMatchObject({ status, body: { code } });
    expect(rest.headers.get("content-type")).toBe("application/problem+json");
    expect(rest.body).toEqual({
      type: `urn:headroom:error:${code}`,
      title: expect.any(String),
      status,
      detail: expect.stringMatching(/^[A-Z]/),
      code,
      details: expect.any(Object),
      request_id: rest.headers.get("x-request-id"),
    });
    const details = rest.body.details as Record<string, unknown>;
    expect(spelledNames(details)).toEqual(spelledNames(errorReference[code].details));
    expect(rest.headers.has("retry-after")).toBe(typeof details.retry_after_seconds === "number");
    expect(rest.headers.has("ratelimit")).toBe(status === 429);
    expect(rest.headers.has("www-authenticate")).toBe(status === 401);
    if (values.includes(code)) {
      expect(trpc).toMatchObject({
        status: 200,
        body: { result: { data: { allowed: false, reason: code, acceptedQuantity: 0 } } },
      });
    } else {
      const { data } = trpc.body.error as { data: Told };
      expect([trpc.status, data.reason, data.httpStatus]).toEqual([status, code, status]);
      // What tRPC's own router refuses does not say which methods would do.
      if (code !== "method_not_allowed") expect(steady(allToWire(data.details))).toEqual(steady(details));
    }
    if ("procedure" in call) {
      const operation = operationOf(call.procedure);
      expect([...errorsOf(operation, hasBody(operation))]).toContain(code);
    }
  });
});

/** Without what passes between two calls. */
function steady(details: unknown): unknown {
  const { retry_after_seconds: _, ...rest } = details as Record<string, unknown>;
  return rest;
}

test("every code is here, or is named with the reason why it is not", () => {
  expect([...Object.keys(calls), ...Object.keys(elsewhere)].toSorted()).toEqual(
    Object.keys(errorCodes).toSorted(),
  );
});

test("procedures declare real codes, and none that nobody answers", () => {
  for (const { procedure, meta } of createRouteTable(appRouter).operations) {
    for (const code of meta.errors ?? []) {
      expect(Object.keys(errorCodes)).toContain(code);
      expect([procedure, elsewhere[code]]).toEqual([procedure, undefined]);
    }
  }
});
