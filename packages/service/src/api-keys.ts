import { findKeyByHash, type ResolvedKey, touchKey } from "@headroom/db/api-keys";
import { readClock } from "@headroom/db/clock";
import { withOrganization, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import type { ServiceContext } from "./context.ts";
import { hashSecret, isKeySecret } from "./secrets.ts";

type Context = Pick<ServiceContext, "db" | "log">;

/**
 * Who an API key speaks for, asked afresh: a revoked or expired key, and a personal one whose member is gone, are null.
 * Notes the use beside the request.
 */
export async function resolveKey(context: Context, secret: string): Promise<Actor | null> {
  if (!isKeySecret(secret)) {
    return null;
  }
  const key = await findKeyByHash(context.db, hashSecret(secret));
  if (key === null) {
    return null;
  }
  noteKeyUse(context, key);
  const { keyId, organizationId, memberUserId } = key;
  const scopes = [...key.scopes];
  return organizationId === null
    ? { kind: "platform_key", keyId, scopes, onBehalfOf: null }
    : { kind: "organization_key", keyId, organizationId, scopes, memberUserId };
}

const minute = 60_000;
const mostRemembered = 10_000;
/** When each key's use was last noted by this process, in real milliseconds; per database. */
const noted = new WeakMap<ServiceContext["db"], Map<string, number>>();

/** Writes `last_used_at` at most once a minute, and lets nobody wait for it. */
function noteKeyUse(context: Context, key: ResolvedKey): void {
  const uses = noted.get(context.db) ?? new Map<string, number>();
  noted.set(context.db, uses);
  const now = Date.now();
  if (now - (uses.get(key.keyId) ?? 0) < minute) {
    return;
  }
  if (uses.size >= mostRemembered) {
    uses.clear();
  }
  uses.set(key.keyId, now);
  writeKeyUse(context, key).catch((error: unknown) => {
    context.log.warn({ keyId: key.keyId, err: error }, "use of a key not noted");
  });
}

async function writeKeyUse({ db }: Context, key: ResolvedKey): Promise<void> {
  const { organizationId } = key;
  if (organizationId === null) {
    await withSystem(db, async (tx) => touchKey(tx, key, await readClock(tx)));
  } else {
    await withOrganization(db, organizationId, async (tx) => touchKey(tx, key, await readClock(tx)));
  }
}
