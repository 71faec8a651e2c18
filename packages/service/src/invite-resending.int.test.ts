import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { declineInvite, previewInvite } from "./invite-preview.ts";
import { reissueInvite, resendInvite } from "./invite-resending.ts";
import { listInvites, revokeInvite } from "./invites.ts";
import { sendOutboxMail } from "./notifications.ts";
import { accessTo, createWorld, invite, outcomeOf, rawId, tokenOf, type World } from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await world.seats(100);
  await world.scratch.admin.query("update headroom.dev_clock set clock_offset = '0'");
});
afterAll(() => world?.close());

const moveClock = (interval: string) =>
  world.scratch.admin.query("update headroom.dev_clock set clock_offset = $1::interval", [interval]);

async function invited(email = `${uuidv7()}@example.com`) {
  await world.seats(100);
  const owner = await world.person();
  const organization = await world.organization(owner);
  const access = await accessTo(world.context, owner, organization, "invites.manage");
  const person = await world.person(email);
  const { token, invite: issued } = await invite(world.context, organization, owner, email);
  const inviteId = rawId(issued);
  const resend = async () => {
    const { invite: again } = await reissueInvite(world.context, access, { inviteId });
    return { again, token: tokenOf(again) };
  };
  return { owner, organization, access, person, token, issued, inviteId, resend };
}

test("the old link is dead, the new one opens the same invite with its whole time", async () => {
  const { person, token, issued, resend } = await invited();
  await moveClock("6 days");
  const { again, token: next } = await resend();
  expect(next).not.toBe(token);
  expect(again).toMatchObject({
    id: issued.id,
    status: "pending",
    emailDelivery: "pending",
    teamMemberId: null,
  });
  const days = (Date.parse(again.expiresAt) - Date.parse(issued.expiresAt)) / 86_400_000;
  expect(days).toBeCloseTo(6, 2);
  expect(await outcomeOf(previewInvite(world.context, { token }))).toBe("invite_not_found");
  expect(await outcomeOf(acceptInvite(world.context, person, { token }))).toBe("invite_not_found");
  expect(await outcomeOf(declineInvite(world.context, { token }))).toBe("invite_not_found");
  await moveClock("12 days");
  expect(await previewInvite(world.context, { token: next })).toMatchObject({ state: "pending" });
  expect(await outcomeOf(acceptInvite(world.context, person, { token: next }))).toBe("ok");
});

test("mails the new link, and the mail of the old one is skipped", async () => {
  const { organization, access, inviteId } = await invited();
  const sent: string[] = [];
  const context = {
    ...world.context,
    mail: { send: async (mail: { text: string }) => void sent.push(mail.text) },
  };
  const waiting = resendInvite(world.context, access, { inviteId });
  let again: Awaited<typeof waiting> | undefined;
  const answered = waiting.then((answer) => {
    again = answer;
  });
  const db = await world.scratch.connect("hr_worker");
  while (again === undefined) {
    const { rows } = await world.scratch.admin.query<{ id: string }>(
      `select id from headroom.outbox where organization_id = $1 and status = 'pending'
       and dedupe_key = 'invite:' || $2 || ':2'`,
      [organization, inviteId],
    );
    for (const { id } of rows) {
      await sendOutboxMail({ ...context, db }, { organizationId: organization, id });
    }
  }
  await answered;
  expect(again).toMatchObject({ emailDelivery: "sent" });
  expect(sent).toHaveLength(1);
  expect(sent[0]).toContain(again.inviteUrl);
  const { rows } = await world.scratch.admin.query<{ id: string }>(
    "select id from headroom.outbox where organization_id = $1 and status = 'pending'",
    [organization],
  );
  expect(rows).toHaveLength(1);
  await sendOutboxMail({ ...context, db }, { organizationId: organization, id: rows[0]?.id ?? "" });
  expect(sent).toHaveLength(1);
  const { invites } = await listInvites(world.context, access, { limit: 10 });
  expect(invites[0]?.emailDelivery).toBe("sent");
});

test("one that has expired takes a seat again, if there is one", async () => {
  const { owner, organization, person, token, resend } = await invited();
  await world.seats(2);
  await moveClock("8 days");
  await invite(world.context, organization, owner, "instead@example.com");
  const refusal = await resend().catch((error) => error);
  expect(refusal).toMatchObject({
    code: "seat_limit_reached",
    details: { limit: 2, members: 1, pending: 1, used: 2, available: 0, upgradePlans: [] },
  });
  await world.seats(3);
  const { token: next } = await resend();
  expect(await outcomeOf(invite(world.context, organization, owner, "more@example.com"))).toBe(
    "seat_limit_reached",
  );
  expect(await outcomeOf(acceptInvite(world.context, person, { token }))).toBe("invite_not_found");
  expect(await outcomeOf(acceptInvite(world.context, person, { token: next }))).toBe("ok");
});

test("one that is open is resent however full the seats are: it has its own", async () => {
  const { resend } = await invited();
  await world.seats(1);
  expect(await outcomeOf(resend())).toBe("ok");
});

test("not when it has ended, the address has a newer one, or its person is a member", async () => {
  const revoked = await invited();
  await revokeInvite(world.context, revoked.access, { inviteId: revoked.inviteId });
  expect(await outcomeOf(revoked.resend())).toBe("invite_not_pending");

  const accepted = await invited();
  await acceptInvite(world.context, accepted.person, { token: accepted.token });
  expect(await outcomeOf(accepted.resend())).toBe("invite_not_pending");

  const declined = await invited();
  await declineInvite(world.context, { token: declined.token });
  expect(await outcomeOf(declined.resend())).toBe("invite_not_pending");

  const superseded = await invited();
  await moveClock("8 days");
  await invite(world.context, superseded.organization, superseded.owner, superseded.person.email);
  expect(await outcomeOf(superseded.resend())).toBe("already_invited");

  const moved = await invited();
  const { userId } = await world.join(moved.organization, moved.owner);
  await world.scratch.admin.query("update headroom.account set email = upper($1) where id = $2", [
    moved.person.email,
    userId,
  ]);
  expect(await outcomeOf(moved.resend())).toBe("already_member");
});

test("another organization's invite is one that does not exist", async () => {
  const mine = await invited();
  const theirs = await invited();
  const resend = (inviteId: string) => outcomeOf(reissueInvite(world.context, mine.access, { inviteId }));
  expect(await resend(theirs.inviteId)).toBe("invite_not_found");
  expect(await resend(uuidv7())).toBe("invite_not_found");
  expect(await previewInvite(world.context, theirs)).toMatchObject({ state: "pending" });
});

test("an expired invite is resent although a newer one of its address has expired since, and nobody has marked it", async () => {
  const { owner, organization, person, resend } = await invited();
  await moveClock("8 days");
  await invite(world.context, organization, owner, person.email);
  await moveClock("16 days");
  const { token } = await resend();
  expect(await outcomeOf(acceptInvite(world.context, person, { token }))).toBe("ok");
  const { rows } = await world.scratch.admin.query(
    "select status from headroom.invite where organization_id = $1 order by status",
    [organization],
  );
  expect(rows).toEqual([{ status: "accepted" }, { status: "expired" }]);
});
