import { createHash, createHmac } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ServiceContext } from "./context.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { reissueInvite } from "./invite-resending.ts";
import { issueInvite, listInvites } from "./invites.ts";
import { listMembers } from "./member-list.ts";
import {
  accessTo,
  createWorld,
  invite,
  outcomeOf,
  type PolicyChanges,
  rawId,
  tokenOf,
  type World,
} from "./testing/world.ts";
import { getUser } from "./users.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
});
afterEach(async () => {
  await world.scratch.admin.query(
    "update headroom.plan set seats_kind = 'licensed', seats_included = 100, seats_max = null",
  );
});
afterAll(() => world?.close());

const underInvites = (invites: Partial<PolicyChanges["invites"]>): ServiceContext =>
  world.under({ invites: { ...world.context.configuration.policies.invites, ...invites } });

async function founded(context: ServiceContext) {
  const owner = await world.person();
  const organization = await world.organization(owner, context);
  const access = await accessTo(context, owner, organization, "invites.manage");
  const ask = (email: string, role?: "admin" | "member") =>
    issueInvite(context, access, { id: uuidv7(), email, role });
  return { owner, organization, access, ask };
}

describe("invites.requireAccount", () => {
  test("true: an address that nobody has an account with is 404, and nothing is written", async () => {
    const { organization, ask } = await founded(underInvites({ requireAccount: true }));
    expect(await outcomeOf(ask("nobody@example.com"))).toBe("user_not_found");
    const { rows } = await world.scratch.admin.query(
      "select from headroom.outbox where organization_id = $1 union all select from headroom.invite where organization_id = $1",
      [organization],
    );
    expect(rows).toEqual([]);
    const [verified, unverified] = [await world.person(), await world.person(undefined, false)];
    expect(await ask(verified.email.toUpperCase())).toMatchObject({ status: "pending" });
    expect(await ask(unverified.email)).toMatchObject({ status: "pending" });
  });

  test("false: anybody can be invited", async () => {
    const { ask } = await founded(underInvites({ requireAccount: false }));
    expect(await outcomeOf(ask("nobody@example.com"))).toBe("ok");
  });
});

describe("invites.mode: direct", () => {
  const direct = () => underInvites({ mode: "direct" });

  test("the one account with the verified address is a member at once", async () => {
    const { organization, ask } = await founded(direct());
    const grace = await world.person();
    const answer = await ask(grace.email.toUpperCase(), "admin");
    expect(answer).toMatchObject({
      status: "accepted",
      role: "admin",
      inviteUrl: null,
      emailDelivery: "skipped",
      teamMemberId: expect.stringMatching(/^mbr_/),
    });
    expect(await world.roles(organization)).toEqual({ owner: 1, admin: 1 });
    expect((await getUser(world.context, grace.userId)).activeOrganizationId).toBe(`org_${organization}`);
    expect(await outcomeOf(ask(grace.email))).toBe("already_member");
  });

  test("nobody's active organization is taken from them", async () => {
    const { organization, ask } = await founded(direct());
    const grace = await world.person();
    const own = await world.organization(grace);
    await ask(grace.email);
    expect((await getUser(world.context, grace.userId)).activeOrganizationId).toBe(`org_${own}`);
    expect(await world.roles(organization)).toEqual({ owner: 1, member: 1 });
  });

  test("no such account, an unverified one, or several: a pending invite", async () => {
    const { organization, ask } = await founded(direct());
    const unverified = await world.person(undefined, false);
    const shared = await world.person();
    await world.person(shared.email);
    for (const email of ["nobody@example.com", unverified.email, shared.email]) {
      const answer = await ask(email);
      expect(answer).toMatchObject({ status: "pending", teamMemberId: null });
      expect(answer.inviteUrl).toContain("token=");
    }
    expect(await world.roles(organization)).toEqual({ owner: 1 });
  });

  test("an unverified namesake does not stand in the way of the verified account", async () => {
    const { organization, ask } = await founded(direct());
    const grace = await world.person();
    await world.person(grace.email, false);
    expect(await ask(grace.email)).toMatchObject({ status: "accepted" });
    expect(await world.roles(organization)).toEqual({ owner: 1, member: 1 });
  });

  test("needs a seat, told as for an invite; one that others' invites keep is not free", async () => {
    const { ask } = await founded(direct());
    await world.seats(2);
    const [one, two] = [await world.person(), await world.person()];
    await ask("pending@example.com");
    const refusal = await ask(one.email).catch((error) => error);
    expect(refusal).toMatchObject({
      code: "seat_limit_reached",
      details: { limit: 2, members: 1, pending: 1, used: 2, available: 0, upgradePlans: [] },
    });
    await world.seats(3);
    expect(await outcomeOf(ask(one.email))).toBe("ok");
    expect(await outcomeOf(ask(two.email))).toBe("seat_limit_reached");
  });

  test("a repeated call under its key tells the same membership", async () => {
    const context = direct();
    const { organization, access } = await founded(context);
    const grace = await world.person();
    const call = () =>
      issueInvite(context, access, { id: uuidv7(), email: grace.email }, { idempotencyKey: "direct" });
    const first = await call();
    expect(await call()).toEqual(first);
    expect(await world.roles(organization)).toEqual({ owner: 1, member: 1 });
  });

  test("accept: an account makes no difference", async () => {
    const { ask } = await founded(underInvites({ mode: "accept" }));
    const grace = await world.person();
    expect(await ask(grace.email)).toMatchObject({ status: "pending", teamMemberId: null });
  });
});

describe("invites.linkInList", () => {
  const key = "a key of more than thirty-two bytes, for tests";
  const listed = (inviteLinkKey = key) => ({ ...underInvites({ linkInList: true }), inviteLinkKey });

  test("true: those who may invite see the links in both lists, members do not", async () => {
    const context = listed();
    const { owner, organization, access, ask } = await founded(context);
    const issued = await ask("grace@example.com");
    const token = tokenOf(issued);
    const hmac = createHmac("sha256", key)
      .update(`${rawId(issued)}:1`)
      .digest("base64url");
    expect(token).toBe(hmac);
    const [listedInvite] = (await listInvites(context, access, { limit: 10 })).invites;
    expect(listedInvite?.inviteUrl).toBe(issued.inviteUrl);
    const member = await world.join(organization, owner, "member", context);
    const view = async (person: typeof member) => {
      const may = await accessTo(context, person, organization, "members.view");
      return listMembers(context, may, { limit: 50 });
    };
    expect((await view(owner)).invites.map(({ inviteUrl }) => inviteUrl)).toEqual([issued.inviteUrl]);
    const seen = JSON.stringify(await view(member));
    expect(seen).toContain("grace@example.com");
    expect(seen).not.toContain(token);
    expect(seen).not.toMatch(/token|hash|url/i);
    const grace = await world.person("grace@example.com");
    expect(await outcomeOf(acceptInvite(context, grace, { token }))).toBe("ok");
  });

  test("only the hash of the token is kept", async () => {
    const context = listed();
    const { access, ask } = await founded(context);
    const issued = await ask("hash@example.com");
    await world.scratch.admin.query("update headroom.outbox set payload = '{}'");
    const { rows } = await world.scratch.admin.query(
      "select i.token_hash, t.token_hash as directory from headroom.invite i join headroom.invite_token t on t.invite_id = i.id where i.id = $1",
      [rawId(issued)],
    );
    const hash = createHash("sha256").update(tokenOf(issued)).digest();
    expect(rows).toEqual([{ token_hash: hash, directory: hash }]);
    const { invite: again } = await reissueInvite(context, access, { inviteId: rawId(issued) });
    expect(tokenOf(again)).not.toBe(tokenOf(issued));
    expect((await listInvites(context, access, { limit: 10 })).invites[0]?.inviteUrl).toBe(again.inviteUrl);
  });

  test("a link from before the policy, or of another key, is not told until it is resent", async () => {
    const { owner, organization, access } = await founded(world.context);
    const before = await invite(world.context, organization, owner, "before@example.com");
    const urls = async (context: ServiceContext) =>
      (await listInvites(context, access, { limit: 10 })).invites.map(({ inviteUrl }) => inviteUrl);
    expect(await urls(listed())).toEqual([null]);
    const { invite: again } = await reissueInvite(listed(), access, { inviteId: rawId(before.invite) });
    expect(await urls(listed())).toEqual([again.inviteUrl]);
    expect(await urls(listed("another key of more than thirty-two bytes"))).toEqual([null]);
    expect(await urls(world.context)).toEqual([undefined]);
  });

  test("false: tokens are random and no list has one", async () => {
    const { owner, organization, access } = await founded(world.context);
    const { token } = await invite(world.context, organization, owner, "x@example.com");
    const may = await accessTo(world.context, owner, organization, "members.view");
    const seen = JSON.stringify([
      await listInvites(world.context, access, { limit: 10 }),
      await listMembers(world.context, may, { limit: 10 }),
    ]);
    expect(seen).not.toContain(token);
    expect(seen).not.toMatch(/token|hash|url/i);
  });
});

describe("invites.by", () => {
  test.each([
    ["admins", { owner: "ok", admin: "ok", member: "forbidden" }],
    ["owner", { owner: "ok", admin: "forbidden", member: "forbidden" }],
  ] as const)("%s", async (by, expected) => {
    const context = underInvites({ by });
    const { owner, organization } = await founded(context);
    const people = {
      owner,
      admin: await world.join(organization, owner, "admin", context),
      member: await world.join(organization, owner, "member", context),
    };
    for (const [role, person] of Object.entries(people)) {
      const outcome = await outcomeOf(accessTo(context, person, organization, "invites.manage"));
      expect(outcome).toBe(expected[role as keyof typeof people]);
    }
  });
});

describe("seats", () => {
  // Four seats; how many invites are given out, and how many of them can then be accepted.
  test.each([
    { basis: "all_members", countPending: true, invites: 3, joins: 3 },
    { basis: "all_members", countPending: false, invites: 6, joins: 3 },
    { basis: "excluding_owner", countPending: true, invites: 4, joins: 4 },
    { basis: "excluding_owner", countPending: false, invites: 6, joins: 4 },
  ] as const)("seats.basis $basis, seats.countPending $countPending", async (row) => {
    for (const kind of ["licensed", "auto"]) {
      await world.scratch.admin.query(
        "update headroom.plan set seats_kind = $1, seats_included = 4, seats_max = 4",
        [kind],
      );
      const context = world.under({ seats: { basis: row.basis, countPending: row.countPending } });
      const { ask } = await founded(context);
      const issued = [];
      for (let index = 0; index < 6; index++) {
        const person = await world.person();
        const answer = await ask(person.email).catch((error) => error);
        if (answer.code === undefined) issued.push({ person, token: tokenOf(answer) });
        else expect(answer.code).toBe("seat_limit_reached");
      }
      expect(issued).toHaveLength(row.invites);
      const outcomes = [];
      for (const { person, token } of issued) {
        outcomes.push(await outcomeOf(acceptInvite(context, person, { token })));
      }
      expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(row.joins);
      expect(outcomes.slice(row.joins).every((outcome) => outcome === "seat_limit_reached")).toBe(true);
    }
  });

  test("an auto plan without a most takes any number; its included seats are no limit", async () => {
    await world.scratch.admin.query(
      "update headroom.plan set seats_kind = 'auto', seats_included = 1, seats_max = null",
    );
    const { owner, organization, ask } = await founded(world.context);
    for (let index = 0; index < 5; index++) {
      expect(await outcomeOf(ask(`auto${index}@example.com`))).toBe("ok");
    }
    const access = await accessTo(world.context, owner, organization, "members.view");
    const { seats } = await listMembers(world.context, access, { limit: 1 });
    expect(seats).toMatchObject({ limit: null, members: 1, pending: 5, used: 6, available: null });
  });

  test("a limit of 0 is a limit", async () => {
    await world.seats(0);
    const context = world.under({ seats: { basis: "excluding_owner", countPending: true } });
    const { ask } = await founded(context);
    const refusal = await ask("one@example.com").catch((error) => error);
    expect(refusal).toMatchObject({ code: "seat_limit_reached", details: { limit: 0, members: 0, used: 0 } });
  });

  test("a limit lowered below the count removes nobody and adds nobody", async () => {
    const { owner, organization, ask } = await founded(world.context);
    const grace = await world.person();
    const issued = await ask(grace.email);
    await world.join(organization, owner);
    await world.join(organization, owner);
    await world.seats(2);
    const access = await accessTo(world.context, owner, organization, "members.view");
    const { seats, members } = await listMembers(world.context, access, { limit: 10 });
    expect(members).toHaveLength(3);
    expect(seats).toEqual({ limit: 2, members: 3, pending: 1, used: 4, available: 0, overLimit: true });
    expect(await outcomeOf(acceptInvite(world.context, grace, { token: tokenOf(issued) }))).toBe(
      "seat_limit_reached",
    );
    expect(await outcomeOf(ask("more@example.com"))).toBe("seat_limit_reached");
  });
});
