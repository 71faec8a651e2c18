import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "@headroom/service/context";
import { createWorld, type World } from "@headroom/service/testing/world";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { identityOf, serveWorld, type WorldServer } from "./testing/live-server.ts";

let world: World;
let open: WorldServer;
let direct: WorldServer;
let postman: NodeJS.Timeout;

beforeAll(async () => {
  world = await createWorld();
  const { policies } = world.context.configuration;
  [open, direct] = await Promise.all([
    serve({
      ...world.under({ invites: { ...policies.invites, linkInList: true } }),
      inviteLinkKey: "a key of more than thirty-two bytes, for tests",
    }),
    serve(world.under({ invites: { ...policies.invites, mode: "direct", requireAccount: true } })),
  ]);
  // The worker's part, so that no call waits its 3 seconds.
  postman = setInterval(() => {
    void world.scratch.admin
      .query("update headroom.outbox set status = 'sent' where status = 'pending'")
      .catch(() => undefined);
  }, 20);
});
afterEach(async () => {
  await world.seats(100);
  await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});
afterAll(async () => {
  clearInterval(postman);
  await Promise.all([open?.close(), direct?.close()]);
  await world?.close();
});

/** `no-` in front of a token: the address is not verified. */
function serve(service: ServiceContext) {
  return serveWorld(service, {
    verifyToken: async (token) => ({
      ...(await identityOf(token.replace("no-", ""))),
      subject: token,
      name: token,
      emailVerified: !token.startsWith("no-"),
    }),
  });
}

const call: WorldServer["call"] = (...request) => open.call(...request);
const callDirect: WorldServer["call"] = (...request) => direct.call(...request);

async function founded(as: string, through = call): Promise<string> {
  const { body } = await through(as, "POST", "/organizations", { name: "Acme" });
  return body.id;
}

const tokenIn = (url: string) => new URL(url).searchParams.get("token") ?? "";

test("many are invited in one call, each with its own result", async () => {
  const id = await founded("ada");
  await world.seats(3);
  const asked = {
    invites: [
      { email: "bob@example.com", role: "admin" },
      { email: "BOB@example.com" },
      { email: "carol@example.com" },
      { email: "dan@example.com" },
      { email: "nowhere" },
    ],
  };
  const path = `/organizations/${id}/invites/bulk`;
  const answer = await call("ada", "POST", path, asked, { "idempotency-key": "team" });
  const [bob, , carol] = answer.body.results;
  expect(answer).toMatchObject({
    status: 201,
    body: {
      results: [
        { email: "bob@example.com", status: "invited", error: null, invite: { role: "admin" } },
        {
          email: "BOB@example.com",
          status: "refused",
          invite: null,
          error: { code: "already_invited", details: { invite_id: bob.invite.id } },
        },
        { status: "invited", invite: { email_delivery: "sent", team_member_id: null } },
        {
          status: "refused",
          error: {
            code: "seat_limit_reached",
            details: { limit: 3, members: 1, pending: 2, used: 3, available: 0, upgrade_plans: [] },
          },
        },
        { status: "refused", error: { code: "validation_failed" } },
      ],
    },
  });
  const again = await call("ada", "POST", path, asked, { "idempotency-key": "team" });
  expect(again.status).toBe(201);
  expect(again.body.results.map(({ status }: { status: string }) => status)).toEqual(
    answer.body.results.map(({ status }: { status: string }) => status),
  );
  expect(again.body.results[2].invite).toEqual({ ...carol.invite, invite_url: null });
  const other = { invites: [{ email: "eve@example.com" }] };
  expect(await call("ada", "POST", path, other, { "idempotency-key": "team" })).toMatchObject({
    status: 409,
    body: { code: "idempotency_mismatch" },
  });
});

test.each([
  ["none", []],
  ["more than fifty", Array.from({ length: 51 }, (_, index) => ({ email: `x${index}@example.com` }))],
  ["an unknown field", [{ email: "x@example.com", admin: true }]],
  ["an unknown role", [{ email: "x@example.com", role: "king" }]],
])("inviting %s in one call is 400", async (_name, invites) => {
  const id = await founded("ada");
  expect(await call("ada", "POST", `/organizations/${id}/invites/bulk`, { invites })).toMatchObject({
    status: 400,
    body: { code: "validation_failed" },
  });
});

test("an invite is resent, previewed, declined without signing in, and accepted no more", async () => {
  const id = await founded("ada");
  const invited = await call("ada", "POST", `/organizations/${id}/invites`, { email: "bob@example.com" });
  const first = tokenIn(invited.body.invite_url);
  const path = `/organizations/${id}/invites/${invited.body.id}/resend`;
  const resent = await call("ada", "POST", path);
  expect(resent).toMatchObject({
    status: 200,
    body: { id: invited.body.id, status: "pending", email_delivery: "sent", team_member_id: null },
  });
  const token = tokenIn(resent.body.invite_url);
  const preview = (text: string) => call(null, "GET", `/invites/preview?token=${text}`);
  expect(await preview(first)).toMatchObject({ status: 404, body: { code: "invite_not_found" } });
  expect(await call("bob", "POST", "/invites/accept", { token: first })).toMatchObject({ status: 404 });
  expect(await preview(token)).toMatchObject({ status: 200, body: { state: "pending" } });
  for (let time = 0; time < 2; time++) {
    expect(await call(null, "POST", "/invites/decline", { token })).toMatchObject({
      status: 200,
      body: { state: "declined", email: "b***@example.com", organization: { name: "Acme" } },
    });
  }
  expect(await preview(token)).toMatchObject({ body: { state: "declined" } });
  for (const [as, verb] of [
    ["bob", "POST /invites/accept"],
    ["ada", `POST ${path}`],
  ] as const) {
    const [method = "", at = ""] = verb.split(" ");
    expect(await call(as, method, at, at === path ? undefined : { token })).toMatchObject({
      status: 409,
      body: { code: "invite_not_pending", details: { status: "declined" } },
    });
  }
});

test("what cannot be declined says why", async () => {
  const id = await founded("ada");
  const invite = async (email: string) => {
    const { body } = await call("ada", "POST", `/organizations/${id}/invites`, { email });
    return { id: body.id, token: tokenIn(body.invite_url) };
  };
  const decline = (token: string) => call(null, "POST", "/invites/decline", { token });
  const accepted = await invite("bob@example.com");
  await call("bob", "POST", "/invites/accept", { token: accepted.token });
  expect(await decline(accepted.token)).toMatchObject({ status: 409, body: { code: "invite_not_pending" } });
  const revoked = await invite("carol@example.com");
  await call("ada", "DELETE", `/organizations/${id}/invites/${revoked.id}`);
  expect(await decline(revoked.token)).toMatchObject({ status: 404, body: { code: "invite_not_found" } });
  const unverified = await invite("dan@example.com");
  expect(await call("no-dan", "POST", "/invites/accept", { token: unverified.token })).toMatchObject({
    status: 403,
    body: { code: "email_not_verified" },
  });
  const expired = await invite("eve@example.com");
  await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '8 days'");
  expect(await decline(expired.token)).toMatchObject({ status: 410, body: { code: "invite_expired" } });
  expect(await call("eve", "POST", "/invites/accept", { token: expired.token })).toMatchObject({
    status: 410,
    body: { code: "invite_expired" },
  });
  await world.seats(2);
  expect(await call("ada", "POST", `/organizations/${id}/invites/${expired.id}/resend`)).toMatchObject({
    status: 402,
    body: {
      code: "seat_limit_reached",
      details: { limit: 2, members: 2, pending: 0, used: 2, available: 0 },
    },
  });
  expect(
    await call("ada", "POST", `/organizations/${id}/invites/${encodeId("inv", uuidv7())}/resend`),
  ).toMatchObject({ status: 404, body: { code: "invite_not_found" } });
});

test("with invites.linkInList the link is told again to those who may invite, and to nobody else", async () => {
  const id = await founded("ada");
  const bob = await call("ada", "POST", `/organizations/${id}/invites`, { email: "bob@example.com" });
  await call("bob", "POST", "/invites/accept", { token: tokenIn(bob.body.invite_url) });
  const invited = await call("ada", "POST", `/organizations/${id}/invites`, { email: "carol@example.com" });
  const list = await call("ada", "GET", `/organizations/${id}/invites`);
  expect(list.body.invites).toMatchObject([{ invite_url: invited.body.invite_url }]);
  const members = await call("ada", "GET", `/organizations/${id}/members`);
  expect(members.body.invites).toMatchObject([{ invite_url: invited.body.invite_url }]);
  const seen = await call("bob", "GET", `/organizations/${id}/members`);
  expect(seen).toMatchObject({ status: 200, body: { invites: [{ email: "carol@example.com" }] } });
  expect(JSON.stringify(seen.body)).not.toMatch(/token|hash|url/i);
});

test("in direct mode the answer names the new membership, and needs an account", async () => {
  const id = await founded("ada", callDirect);
  await callDirect("grace", "GET", "/me");
  const added = await callDirect("ada", "POST", `/organizations/${id}/invites`, {
    email: "grace@example.com",
    role: "admin",
  });
  const members = await callDirect("grace", "GET", `/organizations/${id}/members`);
  expect(added).toMatchObject({
    status: 201,
    body: { status: "accepted", invite_url: null, team_member_id: members.body.members[1].membership_id },
  });
  expect(members.body.current_user_role).toBe("admin");
  expect(
    await callDirect("ada", "POST", `/organizations/${id}/invites`, { email: "nobody@example.com" }),
  ).toMatchObject({ status: 404, body: { code: "user_not_found" } });
  const many = await callDirect("ada", "POST", `/organizations/${id}/invites/bulk`, {
    invites: [{ email: "grace@example.com" }, { email: "nobody@example.com" }],
  });
  expect(many.body.results.map(({ error }: { error: { code: string } }) => error.code)).toEqual([
    "already_member",
    "user_not_found",
  ]);
});
