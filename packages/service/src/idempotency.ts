import { createHash } from "node:crypto";
import { claimIdempotencyKey, keepOutcome } from "@headroom/db/http-idempotency";
import type { Tx } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { canonicalJson } from "@headroom/domain/usage";
import { actorIdOf } from "./changes.ts";

/** The `Idempotency-Key` header of a call, or null. */
export interface Repeatable {
  idempotencyKey?: string | null;
}

export interface Creation extends Repeatable {
  /** Where the key is unique: the organization, or the user who has none yet. */
  scopeId: string;
  actor: Actor;
  /** `invites.create`. */
  procedure: string;
  /** What the caller sent; another one under the same key is refused. */
  payload: unknown;
  /** The id of what would be created. */
  resourceId: string;
}

/**
 * Creates once per idempotency key, in the creating transaction. The same call again gets the first one's resource as
 * it is now, from `replay`, which has no secret to tell. Two at once: the second waits for the first.
 * @throws DomainError idempotency_mismatch
 */
export async function withIdempotency<Result>(
  tx: Tx,
  creation: Creation,
  steps: {
    create: () => Promise<Result>;
    /** `outcome` is what `outcomeOf` told at the first call. */
    replay: (resourceId: string, outcome: unknown) => Promise<Result>;
    /** What a replay cannot read from the resource: JSON without secrets and text about people. */
    outcomeOf?: (result: Result) => object;
  },
): Promise<Result> {
  const { idempotencyKey, scopeId, actor, procedure, payload, resourceId } = creation;
  if (idempotencyKey === undefined || idempotencyKey === null) {
    return steps.create();
  }
  const payloadHash = createHash("sha256").update(canonicalJson(payload)).digest();
  const claim = {
    scopeId,
    actor: describeActor(actor),
    procedure,
    key: idempotencyKey,
    payloadHash,
    resourceId,
  };
  const earlier = await claimIdempotencyKey(tx, claim);
  if (earlier === null) {
    const result = await steps.create();
    if (steps.outcomeOf !== undefined) {
      await keepOutcome(tx, claim, steps.outcomeOf(result));
    }
    return result;
  }
  if (!earlier.payloadHash.equals(payloadHash)) {
    throw new DomainError("idempotency_mismatch", "This idempotency key was used with other input.");
  }
  return steps.replay(earlier.resourceId, earlier.outcome);
}

function describeActor(actor: Actor): string {
  const behalf = actor.kind === "platform_key" && actor.onBehalfOf !== null ? `/${actor.onBehalfOf}` : "";
  return `${actor.kind}:${actorIdOf(actor)}${behalf}`;
}
