import { withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveKey } from "./api-keys.ts";
import { listAudit } from "./audit.ts";
import { verifyAudit } from "./audit-verification.ts";
import { recordChange } from "./changes.ts";
import { createConversation } from "./conversations.ts";
import { type ErasureContexts, eraseUser, planErasure } from "./erasure.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { createApiKey } from "./organization-keys.ts";
import { findPerson } from "./people.ts";
import { exportPerson } from "./personal-data.ts";
import { createProfile } from "./profiles.ts";
import { accessTo, createWorld, invite, outcomeOf, type Person, type World } from "./testing/world.ts";
import { ensureUser } from "./users.ts";

let world: World;
let contexts: ErasureContexts;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(50);
  contexts = {
    api: world.context,
    worker: { ...world.context, db: await world.scratch.connect("hr_worker") },
  };
});
afterAll(() => world?.close());

const operator = { kind: "operator", name: "kim" } as const;
const canary = "Zebediah Quillfeather";
const address = "Zeb.Quill@Example.com";
const earlier = "zeb.of.old@example.com";

async function signIn(email: string, name: string): Promise<Person> {
  const identity = {
    issuer: "https://issuer.example.com",
    subject: uuidv7(),
    email,
    emailVerified: true,
    name,
  };
  return { kind: "user", userId: (await ensureUser(world.context, identity)).userId, email };
}

/** Every table of the database, as text. */
async function dump(): Promise<string> {
  const { rows: tables } = await world.scratch.admin.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('headroom', 'graphile_worker') and c.relkind in ('r', 'p')`,
  );
  const parts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await world.scratch.admin.query<{ row: string }>(
        `select t::text as row from ${name} t`,
      );
      return rows.map(({ row }) => `${name} ${row}`).join("\n");
    }),
  );
  return parts.join("\n");
}

/** Zeb: an admin who invited others, made a key, was invited under two addresses, and is named in mails and audit. */
async function lived() {
  const owner = await world.person();
  const [organization, elsewhere] = [await world.organization(owner), await world.organization(owner)];
  const zeb = await signIn(address, canary);
  const { token } = await invite(world.context, organization, owner, "zeb.quill@example.com", "admin");
  await acceptInvite(world.context, zeb, { token });
  await invite(world.context, elsewhere, owner, address);
  const friend = await invite(world.context, organization, zeb, "friend@example.net");
  const key = await createApiKey(
    world.context,
    await accessTo(world.context, zeb, organization, "keys.manage"),
    {
      name: `${canary}'s laptop`,
      scopes: ["members:read"],
      personal: true,
    },
  );
  const profile = await accessTo(world.context, zeb, organization, "profiles.own");
  await createProfile(world.context, profile, {
    name: canary,
    slug: "zebediah",
    settings: { motto: `I am ${canary}` },
  });
  const conversing = await accessTo(world.context, zeb, organization, "conversations.write");
  await createConversation(world.context, conversing, { subject: `Call ${canary} back` });
  // The first organization knows them under the address that they had then.
  await world.scratch.admin.query(
    `update headroom.invite set email = $2, email_folded = $2 where organization_id = $1 and accepted_by is not null`,
    [organization, earlier],
  );
  await invite(world.context, elsewhere, owner, earlier);
  await withOrganization(world.context.db, organization, (tx) =>
    recordChange(tx, {
      organizationId: organization,
      actor: owner,
      audit: { action: "alert.deleted", target: "note", personal: { about: canary }, subject: zeb.userId },
    }),
  );
  await world.scratch.admin.query(
    `update headroom.organization set settings = jsonb_build_object('billingEmail', $2::text, 'kept', true) where id = $1`,
    [elsewhere, address],
  );
  await world.scratch.admin.query(
    `insert into headroom.stripe_inbox (event_id, livemode, type, created_at, payload, secret_index)
     values ($1, false, 'customer.updated', now(), jsonb_build_object('email', $2::text, 'name', $3::text), 0)`,
    [uuidv7(), address, canary],
  );
  await world.scratch.admin.query(
    `insert into headroom.account_grant (id, account_id, feature, reason, granted_by, granted_at)
     values ($1, $2, 'organizations', $3, 'kim', '2026-01-02T03:04:05Z')`,
    [uuidv7(), zeb.userId, `asked for by ${canary}`],
  );
  return { owner, organization, elsewhere, zeb, key, friend };
}

test("everything kept about a person is exported, other people's addresses masked", async () => {
  const { organization, elsewhere, zeb, key } = await lived();
  const data = await exportPerson(contexts.worker, `usr_${zeb.userId}`);
  expect(data.account).toMatchObject({ id: `usr_${zeb.userId}`, email: address, name: canary });
  expect(data.features).toEqual([
    {
      feature: "organizations",
      reason: `asked for by ${canary}`,
      grantedAt: "2026-01-02T03:04:05.000Z",
      expiresAt: null,
      revokedAt: null,
    },
  ]);
  const [first, second] = [organization, elsewhere].map((id) =>
    data.organizations.find((one) => one.id === encodeId("org", id)),
  );
  expect(first).toMatchObject({
    membership: { role: "admin" },
    invitesReceived: [{ email: earlier, status: "accepted" }],
    invitesSent: [{ email: "f***@example.net" }],
    profiles: [{ name: canary, slug: "zebediah" }],
    conversations: [{ subject: `Call ${canary} back`, status: "open" }],
    apiKeys: [{ id: key.id, name: `${canary}'s laptop` }],
  });
  const texts = first?.auditText.map(({ action, field, value }) => [action, field, value]);
  expect(texts).toEqual([
    ["invite.created", "email", "zeb.quill@example.com"],
    ["api_key.created", "name", `${canary}'s laptop`],
    ["alert.deleted", "about", canary],
  ]);
  expect(second).toMatchObject({
    membership: null,
    invitesReceived: [{ status: "pending" }, { status: "pending" }],
  });
  expect(JSON.stringify(data)).not.toContain(key.secret);
  await eraseUser(contexts, `usr_${zeb.userId}`, { operator });
});

test("a person is named by id, by identity, or by an address that is theirs alone", async () => {
  const [one, two] = [await signIn("Same@example.org", "One"), await signIn("unique@example.org", "Two")];
  const { subject } = await findPerson(contexts.worker, `usr_${one.userId}`);
  expect((await findPerson(contexts.worker, `https://issuer.example.com|${subject}`)).id).toBe(one.userId);
  expect((await findPerson(contexts.worker, "UNIQUE@example.org")).id).toBe(two.userId);
  await signIn("same@example.org", "Three");
  expect(await outcomeOf(findPerson(contexts.worker, "same@example.org"))).toBe("validation_failed");
  expect(await outcomeOf(findPerson(contexts.worker, "nobody@example.org"))).toBe("user_not_found");
});

test("an erased person is nowhere in the database, and every trail still holds", async () => {
  const { owner, organization, elsewhere, zeb, key, friend } = await lived();
  const before = await dump();
  for (const text of [canary, address, "zeb.quill@example.com", earlier]) {
    expect(before).toContain(text);
  }
  const plan = await planErasure(contexts, `usr_${zeb.userId}`);
  expect(plan.erased).toBe(false);
  expect(plan.organizations).toEqual(
    expect.arrayContaining([
      { id: encodeId("org", organization), name: "Acme", isMember: true },
      { id: encodeId("org", elsewhere), name: "Acme", isMember: false },
    ]),
  );
  expect(await dump()).toBe(before);

  expect(await eraseUser(contexts, `usr_${zeb.userId}`, { operator })).toMatchObject({ erased: true });
  const after = (await dump()).toLowerCase();
  for (const text of [canary, "zebediah", "zeb.quill", "zeb.of"]) {
    expect(after.split("\n").filter((row) => row.includes(text.toLowerCase()))).toEqual([]);
  }
  expect((await verifyAudit(contexts.worker)).faults).toEqual([]);
  expect(await world.roles(organization)).toEqual({ owner: 1 });
  expect(await resolveKey(world.context, key.secret ?? "")).toBeNull();

  const { entries } = await listAudit(
    contexts.api,
    await accessTo(world.context, owner, organization, "audit.view"),
    { limit: 50 },
  );
  expect(entries.slice(0, 2)).toMatchObject([
    { action: "user.erased", actor: { kind: "operator", id: "kim" }, target: `usr_${zeb.userId}` },
    { action: "member.removed", actor: { kind: "operator", id: "kim" }, target: `usr_${zeb.userId}` },
  ]);
  expect(entries.find(({ action }) => action === "alert.deleted")?.data).toEqual({ about: null });
  const sent = entries.find(({ target }) => target === friend.invite.id);
  expect(sent?.data).toMatchObject({ email: "friend@example.net" });

  const { rows } = await world.scratch.admin.query(
    "select status from headroom.invite where organization_id = $1",
    [elsewhere],
  );
  expect(rows).toEqual([{ status: "revoked" }, { status: "revoked" }]);
  const settings = await world.scratch.admin.query(
    "select settings from headroom.organization where id = $1",
    [elsewhere],
  );
  expect(settings.rows).toEqual([{ settings: { kept: true } }]);
  expect(
    (
      await world.scratch.admin.query("select from headroom.invite_token where organization_id = $1", [
        elsewhere,
      ])
    ).rowCount,
  ).toBe(0);
  const mail = await world.scratch.admin.query(
    "select status, payload from headroom.outbox where organization_id = $1 and payload ->> 'to' = 'friend@example.net'",
    [organization],
  );
  expect(mail.rows).toMatchObject([
    { status: "pending", payload: { facts: { inviterName: null, link: expect.any(String) } } },
  ]);
});

test("mails to others are left whole but for the name, be it a word of their addresses and links", async () => {
  const owner = await world.person();
  const organization = await world.organization(owner);
  const app = await signIn("mary-ann@app.example", "App");
  const { token } = await invite(world.context, organization, owner, app.email, "admin");
  await acceptInvite(world.context, app, { token });
  const { invite: guest } = await invite(world.context, organization, app, "app@mary-ann.example");
  expect(guest.inviteUrl).toContain("https://app.example.com/");
  await eraseUser(contexts, `usr_${app.userId}`, { operator });
  const { rows } = await world.scratch.admin.query(
    "select status, payload from headroom.outbox where organization_id = $1 order by id desc limit 1",
    [organization],
  );
  expect(rows).toMatchObject([
    {
      status: "pending",
      payload: { to: "app@mary-ann.example", facts: { link: guest.inviteUrl, inviterName: null } },
    },
  ]);
});

test("the same person signing in again is a new account", async () => {
  const zeb = await signIn("again@example.com", "Again");
  const { issuer, subject } = await findPerson(contexts.worker, `usr_${zeb.userId}`);
  await eraseUser(contexts, `usr_${zeb.userId}`, { operator });
  const identity = { issuer, subject, email: "again@example.com", emailVerified: true, name: "Again" };
  expect((await ensureUser(world.context, identity)).userId).not.toBe(zeb.userId);
});

test("the last holder of a top role is refused, with the organizations named, and nothing changes", async () => {
  const owner = await world.person("last@example.com");
  const [first, second] = [await world.organization(owner), await world.organization(owner)];
  const before = await dump();
  const refused = eraseUser(contexts, `usr_${owner.userId}`, { operator });
  await expect(refused).rejects.toMatchObject({
    code: "last_owner",
    message: expect.stringContaining(encodeId("org", second)),
    details: { organizations: [{ id: encodeId("org", first) }, { id: encodeId("org", second) }] },
  });
  expect(await dump()).toBe(before);
  await world.scratch.admin.query("update headroom.organization set deleted_at = now() where id = any ($1)", [
    [first, second],
  ]);
  expect(await eraseUser(contexts, `usr_${owner.userId}`, { operator })).toMatchObject({ erased: true });
  expect(await world.roles(first)).toEqual({});
});

test("killed half way, the next run goes on; run again, nothing is written twice", async () => {
  const { organization, elsewhere, zeb } = await lived();
  let seen = 0;
  const dying = eraseUser(contexts, `usr_${zeb.userId}`, {
    operator,
    onProgress: () => {
      seen += 1;
      throw new Error("killed");
    },
  });
  await expect(dying).rejects.toThrow("killed");
  expect(seen).toBe(1);
  expect(await dump()).toContain(canary);
  await eraseUser(contexts, `usr_${zeb.userId}`, { operator });
  const left = (await dump()).toLowerCase();
  expect([canary.toLowerCase(), "zeb.quill", "zeb.of"].filter((text) => left.includes(text))).toEqual([]);
  const entries = () =>
    world.scratch.admin.query(
      "select organization_id from headroom.audit_entry where action = 'user.erased' and target = $1",
      [`usr_${zeb.userId}`],
    );
  const { rows } = await entries();
  expect(rows.map((row) => row.organization_id).toSorted()).toEqual([organization, elsewhere].toSorted());
  await eraseUser(contexts, `usr_${zeb.userId}`, { operator });
  expect((await entries()).rowCount).toBe(2);
  const acts = await world.scratch.admin.query(
    "select from headroom.operator_entry where action = 'user.erased' and target = $1",
    [`usr_${zeb.userId}`],
  );
  expect(acts.rowCount).toBe(1);
});

test("only the worker's role forgets audit text", async () => {
  const { zeb } = await lived();
  const swapped = { api: contexts.api, worker: contexts.api };
  await expect(eraseUser(swapped, `usr_${zeb.userId}`, { operator })).rejects.toThrow(/permission denied/);
});
