import type { DomainError } from "@headroom/domain/errors";
import {
  policyName,
  type RateLimit,
  type RateLimitName,
  type RateLimitState,
} from "@headroom/domain/rate-limits";

type Headers = Record<string, string>;

/** `Retry-After` (RFC 9110, section 10.2.3), and RateLimit as drafted by the IETF (draft-ietf-httpapi-ratelimit-headers-11). */
export function limitHeaders(fault: DomainError): Headers {
  const { retryAfterSeconds: wait, limit, remaining, policy, windowSeconds } = fault.details;
  const seconds = typeof wait === "number" ? String(Math.max(0, Math.ceil(wait))) : null;
  const retry: Headers = seconds === null ? {} : { "retry-after": seconds };
  if (fault.kind !== "limited" || typeof limit !== "number") return retry;
  const left = typeof remaining === "number" ? Math.max(0, remaining) : 0;
  const name = typeof policy === "string" ? policy : fault.code;
  return {
    ...retry,
    "ratelimit-policy": `"${name}";q=${limit}${typeof windowSeconds === "number" ? `;w=${windowSeconds}` : ""}`,
    ratelimit: `"${name}";r=${left}${seconds === null ? "" : `;t=${seconds}`}`,
  };
}

/** The same headers on an answer: how each limit stands after it. */
export function stateHeaders(states: readonly RateLimitState[]): Headers {
  return {
    "ratelimit-policy": states.map((state) => policyHeader(state.name, state)).join(", "),
    ratelimit: states
      .map(({ name, remaining, resetSeconds }) => `"${policyName(name)}";r=${remaining};t=${resetSeconds}`)
      .join(", "),
  };
}

/** One limit, without saying how it stands. */
export function policyHeader(name: RateLimitName, { points, windowSeconds }: RateLimit): string {
  return `"${policyName(name)}";q=${points};w=${windowSeconds}`;
}
