import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { expireInvites } from "./invite-expiry.ts";
import { declineInvite, previewInvite } from "./invite-preview.ts";
import { reissueInvite } from "./invite-resending.ts";
import { revokeInvite } from "./invites.ts";
import { setMemberRole } from "./members.ts";
import { accessTo, createWorld, invite, outcomeOf, rawId, tokenOf, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
});
afterEach(() => moveClock("0"));
afterAll(() => world?.close());

const rounds = 8;

const moveClock = (interval: string) =>
  world.scratch.admin.query("update headroom.dev_clock set clock_offset = $1::interval", [interval]);

async function invited(role: "admin" | "member" = "member") {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const access = await accessTo(world.context, owner, organization, "invites.manage");
  const person = await world.person();
  const { token, invite: issued } = await invite(world.context, organization, owner, person.email, role);
  const accept = (link = token) => acceptInvite(world.context, person, { token: link });
  return { owner, organization, access, person, token, inviteId: rawId(issued), accept };
}

const statusOf = async (inviteId: string) => {
  const { rows } = await world.scratch.admin.query("select status from headroom.invite where id = $1", [
    inviteId,
  ]);
  return rows[0]?.status;
};

const eventsOf = async (organization: string) => {
  const { rows } = await world.scratch.admin.query<{ name: string }>(
    "select name from headroom.event where organization_id = $1 and name <> 'invite.created' order by seq",
    [organization],
  );
  return rows.map(({ name }) => name);
};

test("revoked and accepted at once: one of the two, and what is told is what is", async () => {
  for (let round = 0; round < rounds; round++) {
    const { organization, access, inviteId, accept } = await invited();
    const outcome = await Promise.all([
      outcomeOf(revokeInvite(world.context, access, { inviteId })),
      outcomeOf(accept()),
    ]);
    const revokedFirst = outcome[0] === "ok";
    expect(outcome).toEqual(revokedFirst ? ["ok", "invite_not_found"] : ["invite_not_pending", "ok"]);
    expect(await statusOf(inviteId)).toBe(revokedFirst ? "revoked" : "accepted");
    expect(await world.roles(organization)).toEqual(revokedFirst ? { owner: 1 } : { owner: 1, member: 1 });
    expect(await eventsOf(organization)).toEqual(
      revokedFirst ? ["invite.revoked"] : ["invite.accepted", "member.joined"],
    );
  }
});

test("declined and accepted at once: one of the two", async () => {
  for (let round = 0; round < rounds; round++) {
    const { organization, token, inviteId, accept } = await invited();
    const outcome = await Promise.all([
      outcomeOf(accept()),
      outcomeOf(declineInvite(world.context, { token })),
    ]);
    const joined = outcome[0] === "ok";
    expect(outcome).toEqual(joined ? ["ok", "invite_not_pending"] : ["invite_not_pending", "ok"]);
    expect(await statusOf(inviteId)).toBe(joined ? "accepted" : "declined");
    expect(await eventsOf(organization)).toEqual(
      joined ? ["invite.accepted", "member.joined"] : ["invite.declined"],
    );
  }
});

test("resent and accepted at once: the old link never works after the resend has answered", async () => {
  for (let round = 0; round < rounds; round++) {
    const { organization, access, token, inviteId, accept } = await invited();
    const resend = reissueInvite(world.context, access, { inviteId }).then(
      async ({ invite: again }) => ({ next: tokenOf(again), late: await outcomeOf(accept()) }),
      (error: { code: string }) => ({ refused: error.code }),
    );
    const [outcome, early] = await Promise.all([resend, outcomeOf(accept())]);
    if ("refused" in outcome) {
      expect([outcome.refused, early]).toEqual(["invite_not_pending", "ok"]);
    } else {
      expect([outcome.late, early]).toEqual(["invite_not_found", "invite_not_found"]);
      expect(await world.roles(organization)).toEqual({ owner: 1 });
      expect(await outcomeOf(previewInvite(world.context, { token }))).toBe("invite_not_found");
      expect(await outcomeOf(accept(outcome.next))).toBe("ok");
    }
    expect(await world.roles(organization)).toEqual({ owner: 1, member: 1 });
  }
});

test("resent eight times at once: eight links, and one of them opens", async () => {
  const { access, inviteId } = await invited();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => reissueInvite(world.context, access, { inviteId })),
  );
  expect(new Set(answers.map(({ version }) => version)).size).toBe(8);
  const outcomes = await Promise.all(
    answers.map(({ invite: again }) => outcomeOf(previewInvite(world.context, { token: tokenOf(again) }))),
  );
  expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(1);
  const { rows } = await world.scratch.admin.query("select from headroom.invite_token where invite_id = $1", [
    inviteId,
  ]);
  expect(rows).toHaveLength(1);
});

test("resent while the worker marks it as expired: it is open, and its link works", async () => {
  const worker = { db: await world.scratch.connect("hr_worker") };
  for (let round = 0; round < rounds; round++) {
    await moveClock("0");
    const { access, inviteId, accept } = await invited();
    await moveClock("8 days");
    const [{ invite: again }] = await Promise.all([
      reissueInvite(world.context, access, { inviteId }),
      expireInvites(worker),
    ]);
    expect(await statusOf(inviteId)).toBe("pending");
    expect(await outcomeOf(accept(tokenOf(again)))).toBe("ok");
  }
});

test("declined ten times at once: told once", async () => {
  const { organization, token } = await invited();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => declineInvite(world.context, { token })),
  );
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await eventsOf(organization)).toEqual(["invite.declined"]);
});

test("joining never changes a role: an owner who accepts a member's link ten times stays the owner", async () => {
  const { owner, organization, person, token } = await invited("member");
  await world.scratch.admin.query("update headroom.account set email = $1 where id = $2", [
    person.email,
    owner.userId,
  ]);
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => acceptInvite(world.context, owner, { token })),
  );
  expect(new Set(answers.map((answer) => answer.organization.role))).toEqual(new Set(["owner"]));
  expect(await world.roles(organization)).toEqual({ owner: 1 });
  expect(await eventsOf(organization)).toEqual(["invite.accepted"]);
});

test("joining never changes a role: one who is promoted while accepting a member's link is an admin", async () => {
  for (let round = 0; round < rounds; round++) {
    const { owner, organization, person, token } = await invited("member");
    const member = await world.join(organization, owner);
    await world.scratch.admin.query("update headroom.account set email = $1 where id = $2", [
      person.email,
      member.userId,
    ]);
    const access = await accessTo(world.context, owner, organization, "members.change");
    await Promise.all([
      setMemberRole(world.context, access, { userId: member.userId, role: "admin" }),
      acceptInvite(world.context, member, { token }),
    ]);
    expect(await world.roles(organization)).toEqual({ owner: 1, admin: 1 });
  }
});
