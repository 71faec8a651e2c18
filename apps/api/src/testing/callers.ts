import { decodeId, encodeId } from "@headroom/domain/ids";
import { type Role, type Scope, scopes } from "@headroom/domain/permissions";
import { removeMember, setMemberRole } from "@headroom/service/members";
import { createApiKey } from "@headroom/service/organization-keys";
import { createPlatformKey } from "@headroom/service/platform-keys";
import { accessTo, type Person, type World } from "@headroom/service/testing/world";
import { ensureUser } from "@headroom/service/users";
import { testIssuer } from "./live-server.ts";

/** Somebody who calls, and what they are in the organization that is asked about. */
export type Caller = {
  name: string;
  headers: Record<string, string>;
  standing:
    | { kind: "nobody" }
    | { kind: "stranger"; isPerson: boolean; platformScopes: readonly Scope[] }
    | { kind: "person"; role: Role; platformScopes: readonly Scope[] }
    | { kind: "key"; scopes: readonly Scope[]; role: Role | null; isPlatform: boolean }
    | { kind: "operator" }
    /** Claims what they have no right to: refused whatever they ask. */
    | { kind: "pretender" };
};

const keyScopes = scopes.filter((scope) => !["users:read", "users:write", "impersonate"].includes(scope));

/** Who is listed among the operators where these callers call. */
export const operatorSubject = "operator";

/** What an admin may put on a key. */
const adminScopes = keyScopes.filter((scope) => scope !== "billing:write");

/** One of every kind of caller, about one organization of `world`, whose raw id is answered too. */
export async function createCallers(world: World): Promise<{ organizationId: string; callers: Caller[] }> {
  const { context } = world;
  const person = async (name: string): Promise<Person> => {
    const email = `${name}@example.com`;
    const identity = { issuer: testIssuer, subject: name, email, emailVerified: true, name };
    return { kind: "user", userId: (await ensureUser(context, identity)).userId, email };
  };
  const owner = await person("owner");
  const organizationId = await world.organization(owner);
  const stranger = await person("stranger");
  const foreign = await world.organization(stranger);
  const access = await accessTo(context, owner, organizationId, "members.change");
  const enroll = async (name: string, role: Role) => {
    const one = await person(name);
    await world.scratch.admin.query(
      `insert into headroom.membership (organization_id, id, user_id, role, created_at, updated_at)
       values ($1, gen_random_uuid(), $2, $3, now(), now())`,
      [organizationId, one.userId, role],
    );
    return one;
  };
  const key = async (of: Person, organization: string, held: readonly Scope[], personal = false) => {
    const keys = await accessTo(context, of, organization, "keys.manage");
    const made = await createApiKey(context, keys, { name: "k", scopes: held, personal });
    return { id: decodeId("key", made.id), secret: made.secret ?? "" };
  };
  const platformKey = async (held: readonly Scope[]) =>
    (await createPlatformKey(context, { name: "k", scopes: held })).secret;

  await enroll("admin", "admin");
  await enroll("member", "member");
  const removed = await enroll("removed", "admin");
  const removedKey = await key(removed, organizationId, adminScopes, true);
  await removeMember(context, access, { userId: removed.userId });
  const demoted = await enroll("demoted", "admin");
  const demotedKey = await key(demoted, organizationId, adminScopes, true);
  await setMemberRole(context, access, { userId: demoted.userId, role: "member" });
  const ownersKey = await key(owner, organizationId, keyScopes, true);
  const foreignKey = await key(stranger, foreign, keyScopes);
  const expired = await key(owner, organizationId, keyScopes);
  const revoked = await key(owner, organizationId, keyScopes);
  await world.scratch.admin.query(
    "update headroom.api_key set expires_at = now() - interval '1 minute' where id = $1",
    [expired.id],
  );
  await world.scratch.admin.query("update headroom.api_key set revoked_at = now() where id = $1", [
    revoked.id,
  ]);
  const impersonator = await platformKey(["impersonate", "users:write"]);
  const behalf = (one: Person) => ({
    ...bearer(impersonator),
    "headroom-on-behalf-of": encodeId("usr", one.userId),
  });
  const member = await person("member");
  await person(operatorSubject);

  const none: readonly Scope[] = [];
  const nobody = { kind: "nobody" } as const;
  const acting: readonly Scope[] = ["impersonate", "users:write"];
  return {
    organizationId,
    callers: [
      { name: "nobody", headers: {}, standing: nobody },
      {
        name: "an operator",
        headers: { ...bearer(operatorSubject), "headroom-operator": "true" },
        standing: { kind: "operator" },
      },
      {
        name: "an operator who does not say so",
        headers: bearer(operatorSubject),
        standing: { kind: "stranger", isPerson: true, platformScopes: none },
      },
      {
        name: "somebody who says that they are an operator",
        headers: { ...bearer("owner"), "headroom-operator": "true" },
        standing: { kind: "pretender" },
      },
      ...(["owner", "admin", "member"] as const).map((role) => ({
        name: role,
        headers: bearer(role),
        standing: { kind: "person", role, platformScopes: none } as const,
      })),
      {
        name: "the owner of another organization",
        headers: bearer("stranger"),
        standing: { kind: "stranger", isPerson: true, platformScopes: none },
      },
      {
        name: "a removed member with a live token",
        headers: bearer("removed"),
        standing: { kind: "stranger", isPerson: true, platformScopes: none },
      },
      { name: "a removed member's key", headers: bearer(removedKey.secret), standing: nobody },
      { name: "an expired key", headers: bearer(expired.secret), standing: nobody },
      { name: "a revoked key", headers: bearer(revoked.secret), standing: nobody },
      {
        name: "a live key in the test environment",
        headers: bearer(ownersKey.secret.replace("hr_test", "hr_live")),
        standing: nobody,
      },
      {
        name: "another organization's key",
        headers: bearer(foreignKey.secret),
        standing: { kind: "stranger", isPerson: false, platformScopes: none },
      },
      ...(await Promise.all(
        keyScopes.map(async (scope) => ({
          name: `a key with ${scope}`,
          headers: bearer((await key(owner, organizationId, [scope])).secret),
          standing: { kind: "key", scopes: [scope], role: null, isPlatform: false } as const,
        })),
      )),
      {
        name: "the owner's personal key",
        headers: bearer(ownersKey.secret),
        standing: { kind: "key", scopes: keyScopes, role: "owner", isPlatform: false },
      },
      {
        name: "the personal key of an admin who is a member now",
        headers: bearer(demotedKey.secret),
        standing: {
          kind: "key",
          scopes: adminScopes,
          role: "member",
          isPlatform: false,
        },
      },
      ...(await Promise.all(
        scopes.map(async (scope) => ({
          name: `a platform key with ${scope}`,
          headers: bearer(await platformKey([scope])),
          standing: { kind: "key", scopes: [scope], role: null, isPlatform: true } as const,
        })),
      )),
      {
        name: "a platform key on behalf of the owner",
        headers: behalf(owner),
        standing: { kind: "person", role: "owner", platformScopes: acting },
      },
      {
        name: "a platform key on behalf of a member",
        headers: behalf(member),
        standing: { kind: "person", role: "member", platformScopes: acting },
      },
      {
        name: "a platform key on behalf of a stranger",
        headers: behalf(stranger),
        standing: { kind: "stranger", isPerson: true, platformScopes: acting },
      },
    ],
  };
}

function bearer(credential: string): Record<string, string> {
  return { authorization: `Bearer ${credential}` };
}
