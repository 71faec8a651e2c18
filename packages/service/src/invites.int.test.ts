import { createHash } from "node:crypto";
import { DomainError } from "@headroom/domain/errors";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { previewInvite } from "./invite-preview.ts";
import { createInvite, issueInvite, listInvites, revokeInvite } from "./invites.ts";
import { accessTo, createWorld, invite, outcomeOf, rawId, tokenOf, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
});
afterEach(async () => {
  await world.seats(100);
  await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});
afterAll(() => world?.close());

async function founded(context = world.context) {
  const owner = await world.person();
  const organization = await world.organization(owner, context);
  const access = await accessTo(context, owner, organization, "invites.manage");
  return { owner, organization, access };
}

const moveClock = (interval: string) =>
  world.scratch.admin.query("update headroom.dev_clock set clock_offset = $1::interval", [interval]);

const pendingCount = async (organization: string) => {
  const { rows } = await world.scratch.admin.query(
    "select count(*)::int as pending from headroom.invite where organization_id = $1 and status = 'pending'",
    [organization],
  );
  return rows[0].pending;
};

describe("creating", () => {
  test("tells the link once, keeps only its hash, and writes mail, job and audit with it", async () => {
    const { organization, access } = await founded();
    const issued = await issueInvite(world.context, access, { id: uuidv7(), email: " Grace@Example.com " });
    const token = tokenOf(issued);
    expect(issued).toMatchObject({
      email: "Grace@Example.com",
      role: "member",
      status: "pending",
      emailDelivery: "pending",
    });
    expect(issued.inviteUrl).toMatch(/^https:\/\/app\.example\.com\/join\?token=[\w-]{43}$/);
    const week = 7 * 86_400_000;
    expect(Date.parse(issued.expiresAt) - Date.parse(issued.createdAt)).toBe(week);
    const { rows } = await world.scratch.admin.query(
      "select token_hash from headroom.invite_token where invite_id = $1",
      [rawId(issued)],
    );
    expect(rows[0]?.token_hash).toEqual(createHash("sha256").update(token).digest());
    const { rows: jobs } = await world.scratch.admin.query(
      `select o.kind, o.status, t.identifier as task from headroom.outbox o
       join graphile_worker._private_jobs j on j.payload ->> 'id' = o.id::text
       join graphile_worker._private_tasks t on t.id = j.task_id where o.organization_id = $1`,
      [organization],
    );
    expect(jobs).toEqual([{ kind: "mail", status: "pending", task: "send_mail" }]);
  });

  test("refuses members and addresses with an open invite, whatever their case", async () => {
    const { owner, organization } = await founded();
    const again = (email: string) => outcomeOf(invite(world.context, organization, owner, email));
    expect(await again(owner.email.toUpperCase())).toBe("already_member");
    expect(await again("grace@example.com")).toBe("ok");
    expect(await again("GRACE@example.com")).toBe("already_invited");
    expect(await again("grace+work@example.com")).toBe("ok");
    expect(await again("no address")).toBe("validation_failed");
  });

  test.each([
    ["\u0130pek@example.com", "i\u0307PEK@example.com", "ipek@example.com"],
    ["\u039f\u0394\u039f\u03a3@example.com", "\u03bf\u03b4\u03bf\u03c3@example.com", "odos@example.com"],
    ["STRA\u00dfE@example.com", "stra\u00dfe@example.com", "strasse@example.com"],
  ])("knows a member by %s and %s alike", async (email, same, other) => {
    const { owner, organization } = await founded();
    const member = await world.person(email);
    const { token } = await invite(world.context, organization, owner, email);
    await acceptInvite(world.context, member, { token });
    const outcome = (address: string) => outcomeOf(invite(world.context, organization, owner, address));
    expect(await outcome(email)).toBe("already_member");
    expect(await outcome(same)).toBe("already_member");
    expect(await outcome(other)).toBe("ok");
  });

  test("counts pending invites as seats, tells the numbers and the plans that would help", async () => {
    await world.make.plan(
      "pro",
      { pages: { dailyLimit: null, included: null, overage: null } },
      { isDefault: false },
    );
    await world.scratch.admin.query(
      "update headroom.plan set seats_included = case id when 'pro' then 5 else 2 end",
    );
    const { owner, organization } = await founded();
    await invite(world.context, organization, owner, "one@example.com");
    const refusal = await invite(world.context, organization, owner, "two@example.com").catch(
      (error) => error,
    );
    expect(refusal).toBeInstanceOf(DomainError);
    expect(refusal).toMatchObject({
      code: "seat_limit_reached",
      details: {
        limit: 2,
        members: 1,
        pending: 1,
        used: 2,
        available: 0,
        upgradePlans: [{ planId: "pro", displayName: "pro" }],
      },
    });
    const { rows } = await world.scratch.admin.query(
      "select from headroom.outbox where organization_id = $1",
      [organization],
    );
    expect(rows).toHaveLength(1);
    await world.scratch.admin.query("delete from headroom.plan_meter where plan_id = 'pro'");
    await world.scratch.admin.query("delete from headroom.plan where id = 'pro'");
  });

  test("does not count them under seats.countPending: false, nor the owner under excluding_owner", async () => {
    await world.seats(1);
    const lenient = world.under({ seats: { basis: "excluding_owner", countPending: false } });
    const { owner, organization } = await founded(lenient);
    const [one, two] = [await world.person(), await world.person()];
    const first = await invite(lenient, organization, owner, one.email);
    const second = await invite(lenient, organization, owner, two.email);
    expect(await outcomeOf(acceptInvite(lenient, one, first))).toBe("ok");
    expect(await outcomeOf(acceptInvite(lenient, two, second))).toBe("seat_limit_reached");
  });

  test("an expired invite neither counts nor blocks the next one", async () => {
    await world.seats(2);
    const { owner, organization } = await founded();
    const first = await invite(world.context, organization, owner, "grace@example.com");
    expect(await outcomeOf(invite(world.context, organization, owner, "other@example.com"))).toBe(
      "seat_limit_reached",
    );
    await moveClock("7 days 1 second");
    expect(await outcomeOf(invite(world.context, organization, owner, "other@example.com"))).toBe("ok");
    await world.seats(3);
    const second = await invite(world.context, organization, owner, "grace@example.com");
    expect(second.invite.id).not.toBe(first.invite.id);
    expect(await pendingCount(organization)).toBe(2);
    const grace = await world.person("grace@example.com");
    expect(await outcomeOf(acceptInvite(world.context, grace, first))).toBe("invite_expired");
    expect(await outcomeOf(acceptInvite(world.context, grace, second))).toBe("ok");
  });

  test("follows invites.by, invites.roleRequired and invites.ttlDays", async () => {
    const strict = world.under({ invites: { by: "owner", roleRequired: true, ttlDays: 2 } });
    const { owner, organization } = await founded(strict);
    const admin = await world.join(organization, owner, "admin");
    expect(await outcomeOf(accessTo(strict, admin, organization, "invites.manage"))).toBe("forbidden");
    expect(await outcomeOf(accessTo(world.context, admin, organization, "invites.manage"))).toBe("ok");
    expect(await outcomeOf(invite(strict, organization, owner, "x@example.com"))).toBe("validation_failed");
    expect(await outcomeOf(invite(strict, organization, owner, "x@example.com", "owner"))).toBe(
      "invalid_role",
    );
    const issued = await invite(strict, organization, owner, "x@example.com", "admin");
    expect(Date.parse(issued.invite.expiresAt) - Date.parse(issued.invite.createdAt)).toBe(2 * 86_400_000);
  });

  test("an idempotency key makes one invite of ten calls at once and never tells the link again", async () => {
    const { organization, access } = await founded();
    const input = { email: "once@example.com" };
    const calls = Array.from({ length: 10 }, () =>
      issueInvite(world.context, access, { ...input, id: uuidv7() }, { idempotencyKey: "k" }),
    );
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.filter(({ inviteUrl }) => inviteUrl !== null)).toHaveLength(1);
    expect(await pendingCount(organization)).toBe(1);
    const other = createInvite(
      world.context,
      access,
      { email: "other@example.com" },
      { idempotencyKey: "k" },
    );
    expect(await outcomeOf(other)).toBe("idempotency_mismatch");
  });
});

describe("revoking", () => {
  test("kills the link at once and frees address and seat", async () => {
    await world.seats(2);
    const { owner, organization, access } = await founded();
    const grace = await world.person();
    const { token, invite: issued } = await invite(world.context, organization, owner, grace.email);
    const revoked = await revokeInvite(world.context, access, { inviteId: rawId(issued) });
    expect(revoked.status).toBe("revoked");
    const { rows } = await world.scratch.admin.query(
      "select from headroom.invite_token where invite_id = $1",
      [rawId(issued)],
    );
    expect(rows).toEqual([]);
    expect(await outcomeOf(acceptInvite(world.context, grace, { token }))).toBe("invite_not_found");
    expect(await outcomeOf(previewInvite(world.context, { token }))).toBe("invite_not_found");
    expect((await listInvites(world.context, access, { limit: 10 })).invites).toEqual([]);
    expect(await outcomeOf(invite(world.context, organization, owner, grace.email))).toBe("ok");
  });

  test("a link whose invite has another one by now opens nothing", async () => {
    const { owner, organization } = await founded();
    const grace = await world.person();
    const { token, invite: issued } = await invite(world.context, organization, owner, grace.email);
    await world.scratch.admin.query("update headroom.invite set token_hash = 'another' where id = $1", [
      rawId(issued),
    ]);
    expect(await outcomeOf(acceptInvite(world.context, grace, { token }))).toBe("invite_not_found");
  });

  test("works on pending ones only", async () => {
    const { owner, organization, access } = await founded();
    const grace = await world.person();
    const { token, invite: issued } = await invite(world.context, organization, owner, grace.email);
    await acceptInvite(world.context, grace, { token });
    const revoke = (inviteId: string) => outcomeOf(revokeInvite(world.context, access, { inviteId }));
    expect(await revoke(rawId(issued))).toBe("invite_not_pending");
    expect(await world.roles(organization)).toEqual({ owner: 1, member: 1 });
    expect(await revoke(uuidv7())).toBe("invite_not_found");
    const late = await invite(world.context, organization, owner, "late@example.com");
    await moveClock("8 days");
    expect(await revoke(rawId(late.invite))).toBe("invite_not_pending");
  });
});
