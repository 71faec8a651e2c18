import type { Database } from "@headroom/db/client";
import { createRateLimitStore, type RateLimitClaim, removeEndedRateLimits } from "@headroom/db/rate-limits";
import { memberBehind } from "@headroom/domain/access";
import type { Actor } from "@headroom/domain/actors";
import { type RateLimitState, type RateLimits, rateLimited } from "@headroom/domain/rate-limits";
import { actorIdOf } from "./changes.ts";
import type { ServiceContext } from "./context.ts";

/** Limits that count failures alone: who succeeds is never held up by others behind the same address. */
export type FailureLimit = "failedAuthentications" | "unknownInviteTokens";

/** Counts calls against the limits, together with every other process on the database. */
export interface RateLimiter {
  limits: RateLimits;
  /**
   * Counts invites that are about to be made or sent again: all of them, or none when there is no room for all.
   * Answers how the limits stand afterwards. @throws DomainError rate_limited
   */
  takeInvites(
    call: { actor: Actor; organizationId: string },
    invites: number,
  ): Promise<readonly RateLimitState[]>;
  /** Counts a failure of a client address (`clientKey`). @throws DomainError rate_limited once there are too many */
  countFailure(limit: FailureLimit, clientKey: string): Promise<void>;
}

export function createRateLimiter(db: Database, limits: RateLimits): RateLimiter {
  const takePoints = createRateLimitStore(db, limits);
  const take = async (claims: readonly RateLimitClaim[], points?: number) => {
    const { states, refused } = await takePoints(claims, points);
    if (refused !== null) {
      throw rateLimited(refused);
    }
    return states;
  };
  return {
    limits,
    takeInvites: ({ actor, organizationId }, invites) =>
      take(
        [
          { name: "invitesByActor", key: actorKey(actor) },
          { name: "invitesByOrganization", key: organizationId },
        ],
        invites,
      ),
    countFailure: async (name, key) => {
      await take([{ name, key }]);
    },
  };
}

/** The person behind a credential, so that more keys are no more invites; the key where nobody stands behind it. */
function actorKey(actor: Actor): string {
  return memberBehind(actor) ?? actorIdOf(actor);
}

/** Keeps the counters' table small. */
export async function removeEndedLimits({ db }: Pick<ServiceContext, "db">): Promise<{ removed: number }> {
  return { removed: await removeEndedRateLimits(db) };
}
