import { DomainError } from "./errors.ts";

/** At most `points` within `windowSeconds`, counted from the first one. */
export interface RateLimit {
  points: number;
  windowSeconds: number;
}

/** Every limit on calls, by what it counts. Real time; the clock that development moves has no part in it. */
export const defaultRateLimits = {
  /** Credentials that were refused, per client address. */
  failedAuthentications: { points: 30, windowSeconds: 300 },
  /** Links of invites that open nothing, per client address. */
  unknownInviteTokens: { points: 60, windowSeconds: 60 },
  /** Invites made or sent again, per person, or per key that nobody stands behind. */
  invitesByActor: { points: 100, windowSeconds: 3_600 },
  /** The same, per organization. */
  invitesByOrganization: { points: 300, windowSeconds: 86_400 },
} as const satisfies Record<string, RateLimit>;

export type RateLimitName = keyof typeof defaultRateLimits;

export type RateLimits = Readonly<Record<RateLimitName, RateLimit>>;

/** How a limit stands for one key. */
export interface RateLimitState extends RateLimit {
  name: RateLimitName;
  /** Never negative. */
  remaining: number;
  /** Whole seconds until the window ends. */
  resetSeconds: number;
}

/** A limit as callers see it: `invites_by_actor`. */
export function policyName(name: RateLimitName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The 429, with the numbers that `Retry-After` and the RateLimit headers are made of. */
export function rateLimited(state: RateLimitState): DomainError {
  return new DomainError("rate_limited", "Too many calls of this kind. Try again later.", {
    policy: policyName(state.name),
    limit: state.points,
    windowSeconds: state.windowSeconds,
    remaining: state.remaining,
    retryAfterSeconds: state.resetSeconds,
  });
}
