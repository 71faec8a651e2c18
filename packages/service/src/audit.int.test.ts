import { afterAll, beforeAll, expect, test } from "vitest";
import { type AuditQuery, listAudit } from "./audit.ts";
import { revokeInvite } from "./invites.ts";
import { createApiKey } from "./organization-keys.ts";
import { accessTo, createWorld, invite, outcomeOf, type Person, rawId, type World } from "./testing/world.ts";

let world: World;
let owner: Person;
let organization: string;
beforeAll(async () => {
  world = await createWorld();
  await world.seats(50);
  owner = await world.person();
  organization = await world.organization(owner);
});
afterAll(() => world?.close());

const list = async (query: Partial<AuditQuery> = {}) =>
  listAudit(world.context, await accessTo(world.context, owner, organization, "audit.view"), {
    limit: 50,
    ...query,
  });
const actions = async (query: Partial<AuditQuery>) => (await list(query)).entries.map(({ action }) => action);

test("a field about a person reads as its text, and as null once it was erased", async () => {
  const { invite: made } = await invite(world.context, organization, owner, "bob@example.com");
  const access = await accessTo(world.context, owner, organization, "invites.manage");
  await revokeInvite(world.context, access, { inviteId: rawId(made) });
  const read = async () => (await list({ target: made.id })).entries.map(({ data }) => data);
  expect(await read()).toEqual([{ email: "bob@example.com" }, { email: "bob@example.com", role: "member" }]);
  await world.scratch.admin.query(
    "delete from headroom.audit_personal where lower(value) = 'bob@example.com'",
  );
  expect(await read()).toEqual([{ email: null }, { email: null, role: "member" }]);
});

test("entries are found by action, noun, actor, target and time, newest first", async () => {
  const admin = await world.join(organization, owner, "admin");
  const managing = await accessTo(world.context, admin, organization, "keys.manage");
  const key = await createApiKey(world.context, managing, { name: "CI", scopes: ["usage:write"] });
  expect(await actions({ action: "api_key.created" })).toEqual(["api_key.created"]);
  expect(await actions({ action: "invite.*" })).toEqual([
    "invite.accepted",
    "invite.created",
    "invite.revoked",
    "invite.created",
  ]);
  expect(await actions({ action: "inv.*" })).toEqual([]);
  expect(await actions({ actorId: `usr_${admin.userId}` })).toEqual(["api_key.created", "invite.accepted"]);
  expect(await actions({ actorId: `usr_${admin.userId}`, action: "invite.*" })).toEqual(["invite.accepted"]);
  expect(await actions({ target: key.id })).toEqual(["api_key.created"]);
  const [newest] = (await list()).entries;
  const at = newest?.at ?? "";
  expect((await list({ from: at })).entries.map(({ seq }) => seq)).toContain(newest?.seq);
  expect((await list({ to: at })).entries.map(({ seq }) => seq)).not.toContain(newest?.seq);
  expect(await actions({ from: new Date(Date.parse(at) + 1).toISOString() })).toEqual([]);
});

test("what a platform key did on a user's behalf is found by the user", async () => {
  const keyId = "01890000-0000-7000-8000-000000000001";
  const scopes = ["members:write", "impersonate"] as const;
  const actor = { kind: "platform_key", keyId, scopes, onBehalfOf: owner.userId } as const;
  const made = await invite(world.context, organization, actor as never, "zoe@example.com");
  const [entry] = (await list({ actorId: `usr_${owner.userId}`, target: made.invite.id })).entries;
  expect(entry?.actor).toEqual({
    kind: "platform_key",
    id: `key_${keyId}`,
    onBehalfOf: `usr_${owner.userId}`,
  });
  expect(await actions({ actorId: `key_${keyId}` })).toEqual(["invite.created"]);
});

test("pages neither repeat nor hide entries, under a filter as well", async () => {
  const seqs: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 2, cursor, action: "invite.*" });
    expect(page.entries.length).toBeLessThanOrEqual(2);
    seqs.push(...page.entries.map(({ seq }) => seq));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  expect(seqs).toEqual((await list({ action: "invite.*" })).entries.map(({ seq }) => seq));
  expect(await outcomeOf(list({ cursor: "bm90LW91cnM" }))).toBe("validation_failed");
});

test("an organization's trail is nobody else's", async () => {
  const other = await world.person();
  const elsewhere = await world.organization(other);
  const access = await accessTo(world.context, other, elsewhere, "audit.view");
  const { entries } = await listAudit(world.context, access, { limit: 50 });
  expect(entries.map(({ action }) => action)).toEqual(["organization.created"]);
});
