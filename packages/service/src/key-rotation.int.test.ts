import type { Actor } from "@headroom/domain/actors";
import type { Scope } from "@headroom/domain/permissions";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { withLockedOrganization } from "./access.ts";
import { resolveKey } from "./api-keys.ts";
import { listAudit } from "./audit.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { rotateApiKey } from "./key-rotation.ts";
import { setMemberRole } from "./members.ts";
import { createOrganization } from "./organization-creation.ts";
import {
  createApiKey,
  listApiKeys,
  listOwnApiKeys,
  type NewApiKey,
  revokeApiKey,
} from "./organization-keys.ts";
import { changeOrganization } from "./organizations.ts";
import {
  createPlatformKey,
  listPlatformKeys,
  revokePlatformKey,
  revokePlatformKeysNamed,
  rotatePlatformKey,
} from "./platform-keys.ts";
import {
  accessTo,
  createWorld,
  invite,
  outcomeOf,
  type Person,
  rawId,
  tallyOf,
  type World,
} from "./testing/world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

const managing = (person: Person, organization: string) =>
  accessTo(world.context, person, organization, "keys.manage");

async function founded() {
  const owner = await world.person();
  const organization = await world.organization(owner);
  return { owner, organization, access: await managing(owner, organization) };
}

const key = (more: Partial<NewApiKey> = {}): NewApiKey => ({ name: "CI", scopes: ["usage:write"], ...more });
const works = async (made: { secret: string | null }) =>
  (await resolveKey(world.context, made.secret ?? "")) !== null;
const later = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

describe("rotating a key", () => {
  test("gives a successor with all but the secret, and ends the old one at once", async () => {
    const { organization, access } = await founded();
    const expiresAt = later(3_600);
    const old = await createApiKey(
      world.context,
      access,
      key({ expiresAt, scopes: ["usage:write", "members:read"] }),
    );
    const next = await rotateApiKey(world.context, access, { keyId: rawId(old), overlapSeconds: 0 });
    const { name, scopes, memberId, organizationId } = old;
    expect(next).toMatchObject({ name, scopes, memberId, organizationId, expiresAt, revokedAt: null });
    expect(next.id).not.toBe(old.id);
    expect([await works(old), await works(next)]).toEqual([false, true]);
    const { apiKeys } = await listApiKeys(world.context, access, { limit: 10, includeRevoked: true });
    expect(apiKeys).toMatchObject([
      { id: old.id, replacedBy: next.id },
      { id: next.id, replacedBy: null },
    ]);
    expect((await listApiKeys(world.context, access, { limit: 10 })).apiKeys.map(({ id }) => id)).toEqual([
      next.id,
    ]);
    const audit = { ...access, permission: "audit.view" } as const;
    const { entries } = await listAudit(world.context, audit, { limit: 1 });
    expect(entries).toMatchObject([
      {
        action: "api_key.rotated",
        target: old.id,
        data: { name: "CI", successorId: next.id, overlapSeconds: 0 },
      },
    ]);
    const { rows } = await world.scratch.admin.query(
      "select payload from headroom.event where organization_id = $1 and name = 'api_key.rotated'",
      [organization],
    );
    expect(rows).toEqual([{ payload: { keyId: old.id, successorId: next.id } }]);
  });

  test("lets the old key work through the overlap, never longer than it would have", async () => {
    const { access } = await founded();
    const [long, short] = [
      await createApiKey(world.context, access, key()),
      await createApiKey(world.context, access, key({ expiresAt: later(60) })),
    ];
    const rotate = (old: { id: string }) =>
      rotateApiKey(world.context, access, { keyId: rawId(old), overlapSeconds: 600 });
    const next = await rotate(long);
    expect((await rotate(short)).expiresAt).toBe(short.expiresAt);
    expect([await works(long), await works(short), await works(next)]).toEqual([true, true, true]);
    expect(next.expiresAt).toBeNull();
    await world.make.setClock(later(61));
    expect([await works(long), await works(short)]).toEqual([true, false]);
    await world.make.setClock(later(601));
    expect([await works(long), await works(next)]).toEqual([false, true]);
    await world.make.setClock(later(0));
  });

  test("once: what is revoked, expired, replaced, foreign or unknown cannot be rotated", async () => {
    const { access } = await founded();
    const other = await founded();
    const rotate = (keyId: string, overlapSeconds = 0) =>
      outcomeOf(rotateApiKey(world.context, access, { keyId, overlapSeconds }));
    const revoked = await createApiKey(world.context, access, key());
    await revokeApiKey(world.context, access, { keyId: rawId(revoked) });
    const replaced = await createApiKey(world.context, access, key());
    expect(await rotate(rawId(replaced), 600)).toBe("ok");
    const foreign = await createApiKey(world.context, other.access, key());
    const expired = await createApiKey(world.context, access, key({ expiresAt: later(60) }));
    await world.make.setClock(later(61));
    for (const id of [revoked, replaced, foreign, expired].map(rawId)) {
      expect(await rotate(id)).toBe("resource_not_found");
    }
    expect(await rotate("01890000-0000-7000-8000-000000000000")).toBe("resource_not_found");
    await world.make.setClock(later(0));
    expect(await works(foreign)).toBe(true);
  });

  test("by ten at once gives one successor", async () => {
    const { access } = await founded();
    const old = await createApiKey(world.context, access, key());
    const calls = Array.from({ length: 10 }, () =>
      rotateApiKey(world.context, access, { keyId: rawId(old), overlapSeconds: 600 }),
    );
    expect(await tallyOf(calls)).toEqual({ ok: 1, resource_not_found: 9 });
    expect((await listApiKeys(world.context, access, { limit: 10 })).apiKeys).toHaveLength(2);
  });

  test("twice under one idempotency key is once, and the secret is not told again", async () => {
    const { access } = await founded();
    const old = await createApiKey(world.context, access, key());
    const rotate = (overlapSeconds: number) =>
      rotateApiKey(world.context, access, { keyId: rawId(old), overlapSeconds }, { idempotencyKey: "k" });
    const first = await rotate(0);
    expect(await rotate(0)).toEqual({ ...first, secret: null });
    expect(await outcomeOf(rotate(60))).toBe("idempotency_mismatch");
  });

  test("of a key with a scope that the caller lacks is refused: they would learn its secret", async () => {
    const { owner, organization, access } = await founded();
    const admin = await world.join(organization, owner, "admin");
    const make = (scope: Scope) => createApiKey(world.context, access, key({ scopes: [scope] }));
    const rotate = async (made: { id: string }) =>
      rotateApiKey(world.context, await managing(admin, organization), {
        keyId: rawId(made),
        overlapSeconds: 0,
      });
    const billing = await make("billing:write");
    expect(await outcomeOf(rotate(billing))).toBe("forbidden");
    expect(await works(billing)).toBe(true);
    expect(await outcomeOf(rotate(await make("members:write")))).toBe("ok");
  });

  test("of a personal key is its own member's alone", async () => {
    const { owner, organization, access } = await founded();
    const admin = await world.join(organization, owner, "admin");
    const own = await managing(admin, organization);
    const made = await createApiKey(world.context, own, key({ personal: true }));
    const rotate = (by: typeof own) =>
      rotateApiKey(world.context, by, { keyId: rawId(made), overlapSeconds: 0 });
    expect(await outcomeOf(rotate(access))).toBe("forbidden");
    const next = await rotate(own);
    expect(next.memberId).toBe(`usr_${admin.userId}`);
    expect(await resolveKey(world.context, next.secret ?? "")).toMatchObject({ memberUserId: admin.userId });
  });
});

test("a demoted member still sees their own keys, whose rights shrank with theirs", async () => {
  const { owner, organization } = await founded();
  const admin = await world.join(organization, owner, "admin");
  const made = await createApiKey(
    world.context,
    await managing(admin, organization),
    key({ scopes: ["members:read", "members:write"], personal: true }),
  );
  const may = async (permission: "members.change" | "invites.manage" | "members.view") => {
    const actor = await resolveKey(world.context, made.secret ?? "");
    return actor === null ? "no key" : outcomeOf(accessTo(world.context, actor, organization, permission));
  };
  expect([await may("members.change"), await may("invites.manage"), await may("members.view")]).toEqual([
    "ok",
    "ok",
    "ok",
  ]);
  const changing = await accessTo(world.context, owner, organization, "members.change");
  await setMemberRole(world.context, changing, { userId: admin.userId, role: "member" });
  expect([await may("members.change"), await may("invites.manage"), await may("members.view")]).toEqual([
    "forbidden",
    "forbidden",
    "ok",
  ]);
  expect(await outcomeOf(managing(admin, organization))).toBe("forbidden");
  const own = async (person: Person) =>
    listOwnApiKeys(world.context, await accessTo(world.context, person, organization, "organization.view"), {
      limit: 10,
    });
  expect((await own(admin)).apiKeys.map(({ id }) => id)).toEqual([made.id]);
  expect((await own(owner)).apiKeys).toEqual([]);
});

test("fifty uses at once, in as many processes, write the last use once", async () => {
  const { access } = await founded();
  const made = await createApiKey(world.context, access, key());
  await world.scratch.admin.query(`
    create table public.use (at timestamptz);
    create function public.note_use() returns trigger language plpgsql security definer as
      'begin insert into public.use values (new.last_used_at); return new; end';
    create trigger note_use after update of last_used_at on headroom.api_key for each row
      when (new.id = '${rawId(made)}') execute function public.note_use()`);
  // What a process remembers hangs on its database object.
  const processes = Array.from({ length: 50 }, () => ({ ...world.context, db: { ...world.context.db } }));
  const actors = await Promise.all(processes.map((one) => resolveKey(one, made.secret ?? "")));
  expect(actors.every((actor) => actor !== null)).toBe(true);
  const written = async () => (await world.scratch.admin.query("select from public.use")).rowCount;
  await vi.waitFor(async () => expect(await written()).toBe(1));
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await written()).toBe(1);
});

describe("platform keys", () => {
  const kim = { kind: "operator", name: "kim" } as const;
  const acts = async (target: string) => {
    const { rows } = await world.scratch.admin.query(
      "select actor_id, action, data from headroom.operator_entry where target = $1 order by seq",
      [target],
    );
    return rows;
  };

  test("are rotated and revoked by id, each an act on the operators' trail", async () => {
    const old = await createPlatformKey(world.context, { name: "back end", scopes: ["usage:read"] }, kim);
    const next = await rotatePlatformKey(world.context, { keyId: rawId(old), overlapSeconds: 600 }, kim);
    expect(next).toMatchObject({ name: "back end", scopes: ["usage:read"], expiresAt: null });
    expect([await works(old), await works(next)]).toEqual([true, true]);
    const again = rotatePlatformKey(world.context, { keyId: rawId(old), overlapSeconds: 0 }, kim);
    expect(await outcomeOf(again)).toBe("resource_not_found");
    await revokePlatformKey(world.context, rawId(old), kim);
    await revokePlatformKey(world.context, rawId(old), kim);
    expect([await works(old), await works(next)]).toEqual([false, true]);
    expect(await acts(old.id)).toEqual([
      { actor_id: "kim", action: "platform_key.created", data: { name: "back end", scopes: ["usage:read"] } },
      {
        actor_id: "kim",
        action: "platform_key.rotated",
        data: { name: "back end", successorId: next.id, overlapSeconds: 600 },
      },
      { actor_id: "kim", action: "platform_key.revoked", data: { name: "back end" } },
    ]);
    const listed = (includeRevoked: boolean) => listPlatformKeys(world.context, { includeRevoked });
    expect((await listed(false)).map(({ id }) => id)).toEqual([next.id]);
    expect(await listed(true)).toMatchObject([{ id: old.id, replacedBy: next.id }, { id: next.id }]);
    expect(JSON.stringify(await listed(true))).not.toContain(next.secret.slice(14));
    expect(await revokePlatformKeysNamed(world.context, "back end", kim)).toBe(1);
    expect((await acts(next.id)).map(({ action }) => action)).toEqual(["platform_key.revoked"]);
  });

  test("change nothing any more once their revocation has answered, also in a call that came in before", async () => {
    const owner = await world.person();
    const guest = await world.person();
    const organization = await world.organization(owner);
    const { token } = await invite(world.context, organization, owner, guest.email);
    const made = await createPlatformKey(world.context, {
      name: "late",
      scopes: ["organizations:write", "impersonate"],
    });
    const actor = (await resolveKey(world.context, made.secret)) as Extract<Actor, { kind: "platform_key" }>;
    const before = await accessTo(world.context, actor, organization, "organization.update");
    expect((await changeOrganization(world.context, before, { name: "Before" })).name).toBe("Before");
    await revokePlatformKey(world.context, rawId(made), kim);
    const forGuest = { ...actor, onBehalfOf: guest.userId };
    const late = [
      changeOrganization(world.context, before, { name: "After" }),
      acceptInvite(world.context, forGuest, { token }),
      createOrganization(world.context, forGuest, { name: "After" }),
    ];
    expect(await tallyOf(late)).toEqual({ unauthenticated: 3 });
  });

  test("are revoked when the call that is under way with them has ended", async () => {
    const organization = await world.organization(await world.person());
    const made = await createPlatformKey(world.context, { name: "busy", scopes: ["organizations:write"] });
    const actor = (await resolveKey(world.context, made.secret)) as Actor;
    const access = await accessTo(world.context, actor, organization, "organization.update");
    const order: string[] = [];
    let revoking: Promise<unknown> | undefined;
    await withLockedOrganization(world.context, access, async () => {
      revoking = revokePlatformKey(world.context, rawId(made), kim).then(() => order.push("revoked"));
      const waiting = `select count(*)::int as n from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`;
      while (order.length === 0 && (await world.scratch.admin.query(waiting)).rows[0].n === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      order.push("called");
    });
    await revoking;
    expect(order).toEqual(["called", "revoked"]);
  });

  test("are not found under another id, nor an organization's key among them", async () => {
    const { access } = await founded();
    const made = await createApiKey(world.context, access, key());
    expect(await outcomeOf(revokePlatformKey(world.context, rawId(made)))).toBe("resource_not_found");
    expect(await works(made)).toBe(true);
  });
});
