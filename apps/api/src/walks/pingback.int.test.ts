/** `pingback`: the published API of a help desk's team, from its first line to its last. */
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { emailOf, rawId, startWalk, type Walk } from "../testing/walks.ts";

let walk: Walk;
let desk: string;
const call: Walk["call"] = (...request) => walk.call(...request);
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

beforeAll(async () => {
  walk = await startWalk("pingback");
  desk = (await call("olga", "POST", "/v1/organizations", { name: "Desk" })).body.id;
  // "sign up at pingback.live first"
  for (const person of ["james", "kim", "lou", "unverified-mia", "ned"]) await walk.userId(person);
});
afterAll(() => walk?.close());

const invite = (as: string | null, query: Record<string, string>) =>
  call(as, "POST", `/api/v1/team/invite?${new URLSearchParams(query)}`);
const members = async () => (await call("olga", "GET", `/v1/organizations/${desk}/members`)).body;

describe("POST /api/v1/team/invite", () => {
  test("Plan limits: Free: 0 (no additional agents)", async () => {
    expect(await invite("olga", { email: emailOf("james") })).toMatchObject({
      status: 402,
      body: {
        code: "seat_limit_reached",
        details: {
          limit: 0,
          members: 0,
          upgrade_plans: [{ plan_id: "mini" }, { plan_id: "pro" }],
        },
      },
    });
  });

  // The plans come from an operator here; a customer gets them by paying at a checkout.
  test("Invites an existing user to join as an agent: message and team_member_id", async () => {
    await walk.assignPlan(desk, "mini");
    const invited = await invite("olga", { email: "james@example.com", role: "agent" });
    expect(invited).toEqual({
      status: 200,
      headers: expect.anything(),
      body: {
        message: "Agent james@example.com invited successfully",
        team_member_id: expect.stringMatching(uuid),
      },
    });
    const joined = (await members()).members.find(
      ({ email }: { email: string }) => email === "james@example.com",
    );
    expect(joined).toMatchObject({
      role: "agent",
      status: "active",
      membership_id: `mbr_${invited.body.team_member_id}`,
    });
  });

  test("or admin", async () => {
    expect(await invite("olga", { email: "kim@example.com", role: "admin" })).toMatchObject({
      status: 200,
      body: {
        message: "Admin kim@example.com invited successfully",
        team_member_id: expect.stringMatching(uuid),
      },
    });
  });

  test("Only the org owner can send invitations", async () => {
    for (const person of ["kim", "james"])
      expect(await invite(person, { email: "lou@example.com" })).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
  });

  test("must already have an account", async () => {
    expect(await invite("olga", { email: "stranger@example.com" })).toMatchObject({
      status: 404,
      body: { code: "user_not_found" },
    });
  });

  test("Plan limits: Mini: 2", async () => {
    expect(await invite("olga", { email: "lou@example.com" })).toMatchObject({
      status: 402,
      body: { code: "seat_limit_reached", details: { limit: 2, members: 2 } },
    });
  });

  test("Plan limits: Pro: 5", async () => {
    await walk.assignPlan(desk, "pro");
    for (const person of ["lou", "ned"])
      expect(await invite("olga", { email: emailOf(person) })).toMatchObject({ status: 200 });
    expect((await members()).seats).toMatchObject({ limit: 5, members: 4, available: 1 });
  });

  // Whoever has not proved their address becomes no member by it: an invite waits for them, and takes the seat.
  test("an account whose address is not verified gets an invite", async () => {
    expect(await invite("olga", { email: "unverified-mia@example.com" })).toMatchObject({
      status: 200,
      body: { message: "Agent unverified-mia@example.com invited successfully", team_member_id: null },
    });
    expect((await members()).seats).toMatchObject({ limit: 5, members: 4, pending: 1, available: 0 });
    await walk.userId("pat");
    expect(await invite("olga", { email: "pat@example.com" })).toMatchObject({ status: 402 });
  });

  test("Headers: Authorization: Bearer", async () => {
    expect(await invite(null, { email: "james@example.com", role: "agent" })).toMatchObject({
      status: 401,
      body: { code: "unauthenticated" },
    });
  });

  test("email: required", async () => {
    expect(await invite("olga", { role: "agent" })).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "email" }] } },
    });
  });

  test('role: default "agent"', async () => {
    const { members: team } = await members();
    expect(team.find(({ email }: { email: string }) => email === "lou@example.com").role).toBe("agent");
  });

  test("role: must be agent or admin; the owner's cannot be given", async () => {
    for (const role of ["owner", "member", "boss"]) {
      const { status, body } = await invite("olga", { email: "pat@example.com", role });
      expect([status, body.code]).toEqual([400, "invalid_role"]);
      // In their own words `member` is an agent: what was sent would be told as what would do.
      expect(body.details).toEqual({});
    }
  });

  test("The org owner is always owner and cannot be changed via this endpoint", async () => {
    expect(await invite("olga", { email: "olga@example.com", role: "agent" })).toMatchObject({
      status: 400,
      body: { code: "already_member" },
    });
    expect((await members()).members[0]).toMatchObject({ email: "olga@example.com", role: "owner" });
  });

  test("the query is where its fields stand, and there are no others", async () => {
    expect(await call("olga", "POST", "/api/v1/team/invite", { email: "pat@example.com" })).toMatchObject({
      status: 400,
    });
    expect(await invite("olga", { email: "pat@example.com", name: "Pat" })).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "name" }] } },
    });
  });
});

describe("POST /api/v1/team/assign/{conversation_id}", () => {
  let conversation: string;
  const raw = async (person: string) => rawId("usr", await walk.userId(person));
  const assign = (as: string | null, id: string, agent: string) =>
    call(as, "POST", `/api/v1/team/assign/${id}?agent_id=${agent}`);

  test("Assigns an open conversation to a specific agent", async () => {
    const created = await call("james", "POST", `/v1/organizations/${desk}/conversations`, {
      subject: "Where is my parcel?",
    });
    expect(created).toMatchObject({ status: 201 });
    conversation = rawId("cnv", created.body.id);
    const assigned = await assign("olga", conversation, await raw("james"));
    expect(assigned).toMatchObject({ status: 200 });
    expect(assigned.body).toEqual({ message: "Conversation assigned successfully" });
  });

  test("The assigned agent receives an instant conversation_assigned Socket.IO event", async () => {
    const auth = { token: "james", organizationId: desk };
    const socket = io(walk.url, { auth, transports: ["websocket"] });
    try {
      await new Promise((resolve) => socket.once("subscribed", resolve));
      const received = new Promise((resolve) => socket.once("conversation_assigned", resolve));
      const created = await call("kim", "POST", `/v1/organizations/${desk}/conversations`, {
        subject: "Where is my refund?",
      });
      await assign("olga", rawId("cnv", created.body.id), await raw("james"));
      expect(await received).toEqual({
        conversationId: created.body.id,
        subject: "Where is my refund?",
        assigneeId: await walk.userId("james"),
        assignedBy: await walk.userId("olga"),
      });
    } finally {
      socket.disconnect();
    }
  });

  test("Only admins (org owner or members with the admin role) can assign conversations", async () => {
    expect(await assign("kim", conversation, await raw("lou"))).toMatchObject({ status: 200 });
    expect(await assign("james", conversation, await raw("james"))).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
  });

  test("conversation_id: the UUID of the conversation; not found", async () => {
    const unknown = "0198c0de-0000-7000-8000-00000000000a";
    expect(await assign("olga", unknown, await raw("james"))).toMatchObject({
      status: 404,
      body: { code: "resource_not_found" },
    });
    expect(await assign("olga", "conv-uuid-here", await raw("james"))).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "conversation_id" }] } },
    });
  });

  test("agent_id: required, an active member of your organization", async () => {
    expect(await assign("olga", conversation, await raw("unverified-mia"))).toMatchObject({
      status: 400,
      body: { code: "not_a_member" },
    });
    expect(await call("olga", "POST", `/api/v1/team/assign/${conversation}`)).toMatchObject({
      status: 400,
      body: { details: { issues: [{ path: "agent_id" }] } },
    });
  });

  test("a closed conversation", async () => {
    const at = `/v1/organizations/${desk}/conversations/cnv_${conversation}`;
    expect(await call("olga", "POST", `${at}/close`)).toMatchObject({ status: 200 });
    expect(await assign("olga", conversation, await raw("james"))).toMatchObject({
      status: 400,
      body: { code: "conversation_not_open" },
    });
  });

  test("401: missing or invalid token", async () => {
    expect(await assign(null, conversation, await raw("james"))).toMatchObject({ status: 401 });
  });
});
