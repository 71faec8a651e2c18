import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acceptInvite } from "./invite-acceptance.ts";
import { inviteMany } from "./invite-bulk.ts";
import { expireInvites } from "./invite-expiry.ts";
import { declineInvite } from "./invite-preview.ts";
import { reissueInvite } from "./invite-resending.ts";
import { issueInvite, revokeInvite } from "./invites.ts";
import { accessTo, createWorld, invite, outcomeOf, type Person, rawId, type World } from "./testing/world.ts";

let world: World;
let owner: Person;
let organization: string;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(100);
  owner = await world.person();
  organization = await world.organization(owner);
});
afterAll(() => world?.close());

interface Told {
  events: { name: string; payload: Record<string, unknown> }[];
  entries: {
    action: string;
    actor: string;
    target: string;
    data: Record<string, unknown>;
    personal: string[];
  }[];
}

/** What a call leaves behind in the organization. */
async function told(work: () => Promise<unknown>): Promise<Told> {
  const last = async (table: "event" | "audit_entry") => {
    const { rows } = await world.scratch.admin.query(
      `select coalesce(max(seq), 0) as seq from headroom.${table} where organization_id = $1`,
      [organization],
    );
    return rows[0].seq;
  };
  const [event, entry] = [await last("event"), await last("audit_entry")];
  await work();
  const { rows: events } = await world.scratch.admin.query(
    "select name, payload from headroom.event where organization_id = $1 and seq > $2 order by seq",
    [organization, event],
  );
  const { rows: entries } = await world.scratch.admin.query(
    `select a.action, a.actor_kind || ' ' || a.actor_id as actor, a.target, a.data, (
       select coalesce(array_agg(p.value), '{}') from headroom.audit_personal p
       where p.organization_id = a.organization_id and p.seq = a.seq) as personal
     from headroom.audit_entry a where a.organization_id = $1 and a.seq > $2 order by a.seq`,
    [organization, entry],
  );
  return { events, entries };
}

const access = () => accessTo(world.context, owner, organization, "invites.manage");
const names = ({ events }: Told) => events.map(({ name }) => name);
const actions = ({ entries }: Told) => entries.map(({ action }) => action);
const byOwner = () => `user ${owner.userId}`;

async function invited(person?: Person) {
  const { email } = person ?? { email: `${uuidv7()}@example.com` };
  const { token, invite: issued } = await invite(world.context, organization, owner, email);
  return { email, token, id: issued.id, inviteId: rawId(issued) };
}

test("creating, resending and revoking name who did it; the address stands beside, not in the entry", async () => {
  const email = "grace@example.com";
  let inviteId = "";
  const created = await told(async () => {
    inviteId = rawId((await invite(world.context, organization, owner, email, "admin")).invite);
  });
  expect(created.events).toEqual([
    { name: "invite.created", payload: { inviteId: `inv_${inviteId}`, role: "admin" } },
  ]);
  expect(created.entries).toMatchObject([
    { action: "invite.created", actor: byOwner(), target: `inv_${inviteId}`, personal: [email] },
  ]);
  expect(JSON.stringify([created.events, created.entries[0]?.data])).not.toContain(email);
  const resent = await told(async () => reissueInvite(world.context, await access(), { inviteId }));
  expect(resent.events).toEqual([{ name: "invite.resent", payload: { inviteId: `inv_${inviteId}` } }]);
  expect(actions(resent)).toEqual(["invite.resent"]);
  const revoked = await told(async () => revokeInvite(world.context, await access(), { inviteId }));
  expect(revoked.events).toEqual([{ name: "invite.revoked", payload: { inviteId: `inv_${inviteId}` } }]);
  expect(revoked.entries).toMatchObject([{ action: "invite.revoked", actor: byOwner(), personal: [email] }]);
});

test("accepting tells of the invite, then of the member; again tells nothing", async () => {
  const person = await world.person();
  const { id, token } = await invited(person);
  const first = await told(() => acceptInvite(world.context, person, { token }));
  const userId = `usr_${person.userId}`;
  expect(first.events).toEqual([
    { name: "invite.accepted", payload: { inviteId: id, userId } },
    {
      name: "member.joined",
      payload: { userId, membershipId: expect.stringMatching(/^mbr_/), role: "member", inviteId: id },
    },
  ]);
  expect(first.entries).toMatchObject([
    { action: "invite.accepted", actor: `user ${person.userId}`, data: { userId, joined: true } },
  ]);
  const again = await told(() => acceptInvite(world.context, person, { token }));
  expect([again.events, again.entries]).toEqual([[], []]);
});

test("declining is told without a caller, once", async () => {
  const { id, token, email } = await invited();
  const first = await told(() => declineInvite(world.context, { token }));
  expect(first.events).toEqual([{ name: "invite.declined", payload: { inviteId: id } }]);
  expect(first.entries).toMatchObject([
    { action: "invite.declined", actor: "system invite_link", target: id, personal: [email] },
  ]);
  expect(names(await told(() => declineInvite(world.context, { token })))).toEqual([]);
});

test("many at once: one entry and one event for each that was made, none for the refused", async () => {
  const emails = ["one@example.com", "ONE@example.com", "two@example.com", "nowhere"];
  const stop = setInterval(() => {
    void world.scratch.admin.query("update headroom.outbox set status = 'sent' where status = 'pending'");
  }, 20);
  const many = await told(async () =>
    inviteMany(world.context, await access(), { invites: emails.map((email) => ({ email })) }),
  );
  clearInterval(stop);
  expect(names(many)).toEqual(["invite.created", "invite.created"]);
  expect(many.entries.map(({ action, personal }) => [action, ...personal])).toEqual([
    ["invite.created", "one@example.com"],
    ["invite.created", "two@example.com"],
  ]);
});

test("a member made at once is told as one who was invited, accepted and joined", async () => {
  const direct = world.under({
    invites: { ...world.context.configuration.policies.invites, mode: "direct" },
  });
  const person = await world.person();
  const added = await told(async () =>
    issueInvite(direct, await access(), { id: uuidv7(), email: person.email, role: "admin" }),
  );
  expect(names(added)).toEqual(["invite.created", "invite.accepted", "member.joined"]);
  expect(added.entries).toMatchObject([
    {
      action: "invite.created",
      actor: byOwner(),
      data: { role: "admin", userId: `usr_${person.userId}`, joined: true },
    },
  ]);
});

test("a refusal leaves nothing behind, neither entry nor event nor mail", async () => {
  const { token } = await invited();
  const { rows: before } = await world.scratch.admin.query("select count(*) from headroom.outbox");
  const refused = await told(async () => {
    const stranger = await world.person();
    expect(await outcomeOf(acceptInvite(world.context, stranger, { token }))).toBe("invite_email_mismatch");
    expect(await outcomeOf(declineInvite(world.context, { token: "unknown" }))).toBe("invite_not_found");
    expect(await outcomeOf(invite(world.context, organization, owner, owner.email))).toBe("already_member");
    await world.seats(1);
    expect(await outcomeOf(invite(world.context, organization, owner, "full@example.com"))).toBe(
      "seat_limit_reached",
    );
    await world.seats(100);
  });
  expect([refused.events, refused.entries]).toEqual([[], []]);
  const { rows: after } = await world.scratch.admin.query("select count(*) from headroom.outbox");
  expect(after).toEqual(before);
});

test("an expired one is told by the worker, or by whoever invites its address again", async () => {
  const first = await invited();
  const second = await invited();
  await world.scratch.admin.query("update headroom.invite set expires_at = now() where id = any ($1)", [
    [first.inviteId, second.inviteId],
  ]);
  const again = await told(() => invite(world.context, organization, owner, first.email));
  expect(names(again)).toEqual(["invite.expired", "invite.created"]);
  expect(again.entries[0]).toMatchObject({
    action: "invite.expired",
    actor: "system expiry",
    target: first.id,
  });
  const db = await world.scratch.connect("hr_worker");
  const swept = await told(() => expireInvites({ db }));
  expect(swept.events).toEqual([{ name: "invite.expired", payload: { inviteId: second.id } }]);
});
