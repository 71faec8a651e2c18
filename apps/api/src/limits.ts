import type { IncomingMessage, ServerResponse } from "node:http";
import type { DomainError } from "@headroom/domain/errors";
import type { Access } from "@headroom/service/access";
import type { FailureLimit, RateLimiter } from "@headroom/service/rate-limits";
import { clientKey } from "./client-addresses.ts";
import { toDomainError } from "./errors.ts";
import { limitHeaders, policyHeader, stateHeaders } from "./limit-headers.ts";

/** The rate limits as one request meets them: whom it counts for, and the headers of its answer. */
export type RequestLimits = {
  /** Before invites are made or sent again: one point each, all or none. @throws DomainError rate_limited, unavailable */
  takeInvites(access: Access, invites: number): Promise<void>;
  /**
   * Counts a failure that a limit is for, and says what the caller is told: the fault itself, `rate_limited` once there
   * were too many, `unavailable` when nobody can tell. Only who fails is asked, so that a flood from an address does
   * not lock out others behind it. `limit` is the procedure's own.
   */
  judge(fault: DomainError, limit: FailureLimit | undefined): Promise<DomainError>;
  /** Names a limit on an answer that did not count against it. */
  announce(limit: FailureLimit): void;
};

export function createRequestLimits(options: {
  /** null: nothing is limited. */
  limiter: RateLimiter | null;
  request: IncomingMessage;
  response: ServerResponse;
  trustedHops: number;
}): RequestLimits {
  const { limiter, request, response, trustedHops } = options;
  const setHeaders = (headers: Record<string, string>) => {
    // A streamed batch has sent its headers before the first call ends.
    if (!response.headersSent) response.setHeaders(new Map(Object.entries(headers)));
  };

  async function count(limit: FailureLimit): Promise<DomainError | null> {
    try {
      await limiter?.countFailure(limit, clientKey(request, trustedHops));
      return null;
    } catch (error) {
      return toDomainError(error);
    }
  }

  // Once per request: a batch presents one credential, however many calls it holds.
  let refusedCredential: Promise<DomainError | null> | undefined;
  async function counted(fault: DomainError, limit: FailureLimit | undefined): Promise<DomainError | null> {
    if (fault.code === "unauthenticated" && request.headers.authorization !== undefined) {
      refusedCredential ??= count("failedAuthentications");
      return refusedCredential;
    }
    return fault.code === "invite_not_found" && limit !== undefined ? count(limit) : null;
  }

  return {
    async takeInvites({ actor, organizationId }, invites) {
      if (limiter !== null)
        setHeaders(stateHeaders(await limiter.takeInvites({ actor, organizationId }, invites)));
    },
    async judge(fault, limit) {
      const told = (await counted(fault, limit)) ?? fault;
      setHeaders(limitHeaders(told));
      return told;
    },
    announce(limit) {
      if (limiter !== null) setHeaders({ "ratelimit-policy": policyHeader(limit, limiter.limits[limit]) });
    },
  };
}
