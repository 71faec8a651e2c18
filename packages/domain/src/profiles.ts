import { DomainError } from "./errors.ts";

/** The profiles of an organization against the limit of the plan in force. */
export interface ProfileAllowance {
  /** null: none. */
  limit: number | null;
  used: number;
}

/** A plan that can be bought, and how many profiles it includes; null: any number. */
export interface ProfileOffer {
  planId: string;
  displayName: string;
  limit: number | null;
}

/** True when one more profile fits. A limit below the count takes nothing away, and adds nothing. */
export function hasRoomForProfile({ limit, used }: ProfileAllowance): boolean {
  return limit === null || used < limit;
}

/** The 402 with the numbers behind it, and those offers that would hold one profile more. */
export function profileLimitReached(
  { limit, used }: ProfileAllowance,
  offers: readonly ProfileOffer[],
): DomainError {
  const upgradePlans = offers
    .filter((offer) => hasRoomForProfile({ limit: offer.limit, used }))
    .map(({ planId, displayName }) => ({ planId, displayName }));
  return new DomainError("profile_limit_reached", "The plan has no room for another profile.", {
    limit,
    used,
    available: limit === null ? null : Math.max(0, limit - used),
    upgradePlans,
  });
}

/** True when it belongs to the caller, who needs no admin then. What belongs to nobody is nobody's own. */
export function isOwnProfile(ownerId: string | null, callerId: string | null): boolean {
  return ownerId !== null && ownerId === callerId;
}
