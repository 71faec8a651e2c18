import { noteKeyUses } from "@headroom/db/api-keys";
import { findKeyByHash, type ResolvedKey } from "@headroom/db/resolved-keys";
import type { MeterStatus } from "@headroom/db/usage-readings";
import type { Actor } from "@headroom/domain/actors";
import type { Role } from "@headroom/domain/permissions";
import type { ServiceContext } from "./context.ts";
import { hashSecretToHex, isKeySecret } from "./secrets.ts";

type Context = Pick<ServiceContext, "db" | "log">;

/**
 * Who an API key speaks for, asked afresh: a revoked or expired key, and a personal one whose member is gone, are null.
 * Notes the use beside the request.
 * @param isUsageWanted the call answers how the organization's meters stand: they are read in the same statement
 */
export async function resolveKey(
  context: Context,
  secret: string,
  isUsageWanted = false,
): Promise<Actor | null> {
  if (!isKeySecret(secret)) {
    return null;
  }
  const key = await findKeyByHash(context.db, hashSecretToHex(secret), isUsageWanted);
  if (key === null) {
    return null;
  }
  noteKeyUse(context, key);
  const { keyId, organizationId, memberUserId } = key;
  const scopes = [...key.scopes];
  if (organizationId === null) return { kind: "platform_key", keyId, scopes, onBehalfOf: null };
  const actor: Actor = { kind: "organization_key", keyId, organizationId, scopes, memberUserId };
  found.set(actor, key);
  return actor;
}

const found = new WeakMap<Actor, ResolvedKey>();

/**
 * The role that the look-up of an organization's key found for its member, in its living organization; null for a key
 * without a member. It is as old as the actor: for who has waited for nothing since. undefined for every other actor.
 */
export function roleFoundWith(actor: Actor): Role | null | undefined {
  return found.get(actor)?.role;
}

/** How the meters of a key's own organization stand, as old as the actor; undefined where that was not asked for. */
export function usageFoundWith(actor: Actor): readonly Readonly<MeterStatus>[] | undefined {
  return found.get(actor)?.usage;
}

const minute = 60_000;
const gatherMs = 250;
const mostRemembered = 10_000;

interface Uses {
  /** When each key's use was last noted by this process, in real milliseconds. */
  noted: Map<string, number>;
  /** Used since the last statement. */
  waiting: ResolvedKey[];
}

const usesOf = new WeakMap<ServiceContext["db"], Uses>();

/** Writes `last_used_at` at most once a minute, the keys of a moment together, and lets nobody wait for it. */
function noteKeyUse(context: Context, key: ResolvedKey): void {
  const uses: Uses = usesOf.get(context.db) ?? { noted: new Map(), waiting: [] };
  usesOf.set(context.db, uses);
  const now = Date.now();
  if (now - (uses.noted.get(key.keyId) ?? 0) < minute) {
    return;
  }
  if (uses.noted.size >= mostRemembered) {
    uses.noted.clear();
  }
  uses.noted.set(key.keyId, now);
  uses.waiting.push(key);
  if (uses.waiting.length === 1) {
    setTimeout(() => writeKeyUses(context, uses.waiting.splice(0)), gatherMs).unref();
  }
}

function writeKeyUses({ db, log }: Context, keys: ResolvedKey[]): void {
  if (db.pool.ending) {
    return;
  }
  noteKeyUses(db, keys).catch((error: unknown) => {
    log.warn({ keys: keys.length, err: error }, "use of keys not noted");
  });
}
