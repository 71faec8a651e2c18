import type { Actor } from "@headroom/domain/actors";
import type { Scope } from "@headroom/domain/permissions";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { resolveKey } from "./api-keys.ts";
import { createApiKey, listApiKeys, type NewApiKey, revokeApiKey } from "./organization-keys.ts";
import { changeOrganization } from "./organizations.ts";
import { createPlatformKey, revokePlatformKeysNamed } from "./platform-keys.ts";
import { accessTo, createWorld, outcomeOf, type Person, rawId, type World } from "./testing/world.ts";

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

describe("a key of the organization", () => {
  test("is told once, kept as a hash, and speaks for its organization", async () => {
    const { owner, organization, access } = await founded();
    const made = await createApiKey(world.context, access, key());
    expect(made.secret).toMatch(/^hr_test_[\w-]{49}$/);
    expect(made).toMatchObject({
      name: "CI",
      scopes: ["usage:write"],
      memberId: null,
      createdBy: `usr_${owner.userId}`,
      secretPrefix: made.secret?.slice(0, 12),
    });
    expect(await resolveKey(world.context, made.secret ?? "")).toEqual({
      kind: "organization_key",
      keyId: rawId(made),
      organizationId: organization,
      scopes: ["usage:write"],
      memberUserId: null,
    });
    const listed = await listApiKeys(world.context, access, { limit: 10 });
    expect(listed.apiKeys.map(({ id }) => id)).toEqual([made.id]);
    expect(JSON.stringify(listed)).not.toContain(made.secret?.slice(14));
  });

  test("changes nothing any more once its revocation has answered, also in a call that came in before", async () => {
    const { organization, access } = await founded();
    const made = await createApiKey(world.context, access, key({ scopes: ["organizations:write"] }));
    const actor = await resolveKey(world.context, made.secret ?? "");
    const before = await accessTo(world.context, actor as Actor, organization, "organization.update");
    expect((await changeOrganization(world.context, before, { name: "Before" })).name).toBe("Before");
    await revokeApiKey(world.context, access, { keyId: rawId(made) });
    expect(await outcomeOf(changeOrganization(world.context, before, { name: "After" }))).toBe(
      "unauthenticated",
    );
  });

  test("is nobody's once revoked, expired, mistyped or unknown", async () => {
    const { access } = await founded();
    const revoked = await createApiKey(world.context, access, key());
    await revokeApiKey(world.context, access, { keyId: rawId(revoked) });
    expect(await resolveKey(world.context, revoked.secret ?? "")).toBeNull();
    expect((await listApiKeys(world.context, access, { limit: 10 })).apiKeys).toEqual([]);
    const again = await revokeApiKey(world.context, access, { keyId: rawId(revoked) });
    expect(again.revokedAt).not.toBeNull();

    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const short = await createApiKey(world.context, access, key({ expiresAt }));
    expect(await resolveKey(world.context, short.secret ?? "")).not.toBeNull();
    await world.make.setClock(new Date(Date.now() + 3_601_000).toISOString());
    expect(await resolveKey(world.context, short.secret ?? "")).toBeNull();
    expect(await outcomeOf(createApiKey(world.context, access, key({ expiresAt })))).toBe(
      "validation_failed",
    );
    await world.make.setClock(new Date().toISOString());

    const secret = short.secret ?? "";
    const mistyped = secret.slice(0, 20) + (secret[20] === "a" ? "b" : "a") + secret.slice(21);
    const query = vi.spyOn(world.context.db.pool, "connect");
    expect(await resolveKey(world.context, mistyped)).toBeNull();
    expect(query).not.toHaveBeenCalled();
    query.mockRestore();
  });

  test("notes its use once a minute, beside the request", async () => {
    const { access, organization } = await founded();
    const made = await createApiKey(world.context, access, key());
    const lastUsed = async () => {
      const { rows } = await world.scratch.admin.query(
        "select last_used_at from headroom.api_key where organization_id = $1",
        [organization],
      );
      return rows[0]?.last_used_at as Date | null;
    };
    expect(await lastUsed()).toBeNull();
    await resolveKey(world.context, made.secret ?? "");
    await vi.waitFor(async () => expect(await lastUsed()).toBeInstanceOf(Date));
    const first = await lastUsed();
    await resolveKey(world.context, made.secret ?? "");
    const anotherProcess = { ...world.context, db: await world.scratch.connect("hr_api") };
    await resolveKey(anotherProcess, made.secret ?? "");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await lastUsed()).toEqual(first);
  });

  test("carries no scope that its maker lacks", async () => {
    const { owner, organization } = await founded();
    const admin = await world.join(organization, owner, "admin");
    const make = async (person: Person, scope: Scope) =>
      outcomeOf(createApiKey(world.context, await managing(person, organization), key({ scopes: [scope] })));
    expect(await make(owner, "billing:write")).toBe("ok");
    expect(await make(admin, "billing:write")).toBe("forbidden");
    expect(await make(admin, "members:write")).toBe("ok");
    expect(await make(owner, "impersonate")).toBe("forbidden");
    expect(await make(owner, "users:write")).toBe("forbidden");
  });

  test("an idempotency key makes one, and does not tell the secret again", async () => {
    const { access } = await founded();
    const call = () => createApiKey(world.context, access, key(), { idempotencyKey: "k" });
    const [first, second] = [await call(), await call()];
    expect(second).toEqual({ ...first, secret: null });
    const other = createApiKey(world.context, access, key({ name: "Other" }), { idempotencyKey: "k" });
    expect(await outcomeOf(other)).toBe("idempotency_mismatch");
  });
});

test("a personal key never has more rights than its member has now", async () => {
  const { owner, organization } = await founded();
  const admin = await world.join(organization, owner, "admin");
  const made = await createApiKey(
    world.context,
    await managing(admin, organization),
    key({ scopes: ["members:read", "members:write", "usage:write"], personal: true }),
  );
  expect(made.memberId).toBe(`usr_${admin.userId}`);
  const may = async (permission: "members.change" | "members.view" | "usage.write") => {
    const actor = await resolveKey(world.context, made.secret ?? "");
    return actor === null ? "no key" : outcomeOf(accessTo(world.context, actor, organization, permission));
  };
  expect(await may("members.change")).toBe("ok");
  await world.scratch.admin.query("update headroom.membership set role = 'member' where user_id = $1", [
    admin.userId,
  ]);
  expect(await may("members.change")).toBe("forbidden");
  expect(await may("members.view")).toBe("ok");
  expect(await may("usage.write")).toBe("ok");
  await world.scratch.admin.query("delete from headroom.membership where user_id = $1", [admin.userId]);
  expect(await may("members.view")).toBe("no key");
});

test("a key of one organization is a stranger in another", async () => {
  const { access } = await founded();
  const other = await founded();
  const made = await createApiKey(world.context, access, key({ scopes: ["members:read"] }));
  const actor = await resolveKey(world.context, made.secret ?? "");
  const foreign = accessTo(
    world.context,
    actor as NonNullable<typeof actor>,
    other.organization,
    "members.view",
  );
  expect(await outcomeOf(foreign)).toBe("organization_not_found");
});

test("a platform key reaches every organization as far as its scopes, and ends by its name", async () => {
  const { organization } = await founded();
  const made = await createPlatformKey(world.context, { name: "local", scopes: ["members:read"] });
  const actor = await resolveKey(world.context, made.secret);
  expect(actor).toEqual({
    kind: "platform_key",
    keyId: rawId(made),
    scopes: ["members:read"],
    onBehalfOf: null,
  });
  const reach = (permission: "members.view" | "members.change") =>
    outcomeOf(accessTo(world.context, actor as NonNullable<typeof actor>, organization, permission));
  expect(await reach("members.view")).toBe("ok");
  expect(await reach("members.change")).toBe("forbidden");
  expect(await revokePlatformKeysNamed(world.context, "local")).toBe(1);
  expect(await revokePlatformKeysNamed(world.context, "local")).toBe(0);
  expect(await resolveKey(world.context, made.secret)).toBeNull();
});

test("keys for production say so", async () => {
  const made = await createPlatformKey(
    { ...world.context, environment: "production" },
    { name: "live", scopes: ["usage:write"] },
  );
  expect(made.secret).toMatch(/^hr_live_/);
});
