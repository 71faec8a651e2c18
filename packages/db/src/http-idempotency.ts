import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

export interface Claim {
  /** The organization, or the user where there is none yet. */
  scopeId: string;
  actor: string;
  procedure: string;
  key: string;
  payloadHash: Buffer;
  resourceId: string;
}

/** What a key was used for before. */
export interface EarlierUse {
  resourceId: string;
  payloadHash: Buffer;
  /** What `keepOutcome` was given, or null. */
  outcome: unknown;
}

/**
 * Claims a caller's idempotency key for a resource that this transaction creates; a rollback frees it, and a second
 * call waits for the first. Keys hold for 24 hours of real time.
 * @returns null when the claim is ours, else what the key was used for before.
 */
export async function claimIdempotencyKey(tx: Tx, claim: Claim): Promise<EarlierUse | null> {
  const { rows: claimed } = await sql`
    insert into http_idempotency as h (scope_id, actor, procedure, key, payload_hash, resource_id, status)
    values (${claim.scopeId}, ${claim.actor}, ${claim.procedure}, ${claim.key}, ${claim.payloadHash},
      ${claim.resourceId}, 200)
    on conflict (scope_id, actor, procedure, key) do update
      set payload_hash = excluded.payload_hash, resource_id = excluded.resource_id, outcome = null,
        created_at = clock_timestamp()
      where h.created_at < clock_timestamp() - interval '24 hours'
    returning 1`.execute(tx);
  if (claimed.length > 0) {
    return null;
  }
  const { rows } = await sql<EarlierUse>`
    select resource_id as "resourceId", payload_hash as "payloadHash", outcome from http_idempotency
    where scope_id = ${claim.scopeId} and actor = ${claim.actor} and procedure = ${claim.procedure}
      and key = ${claim.key}`.execute(tx);
  return rows[0] ?? null;
}

/** Keeps with a claimed key what a repeated call cannot read from the resource. */
export async function keepOutcome(tx: Tx, claim: Claim, outcome: object): Promise<void> {
  await sql`
    update http_idempotency set outcome = ${JSON.stringify(outcome)}::jsonb
    where scope_id = ${claim.scopeId} and actor = ${claim.actor} and procedure = ${claim.procedure}
      and key = ${claim.key}`.execute(tx);
}
