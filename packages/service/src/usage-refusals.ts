import type { UsageRefusal } from "@headroom/db/usage-requests";
import { DomainError } from "@headroom/domain/errors";

/** @param first what the key was used for. */
export function keyMismatch(first: { eventId: string } | { reservationId: string }): DomainError {
  return new DomainError(
    "idempotency_mismatch",
    "This idempotency key was used with another payload.",
    first,
  );
}

const refusalMessages: Record<UsageRefusal, string> = {
  unauthenticated: "A valid credential is needed.",
  no_active_organization: "A platform key must name the organization.",
  organization_not_found: "There is no such organization.",
  forbidden: "This API key lacks the scope usage:write.",
  unknown_meter: "There is no such meter.",
  not_a_member: "This user is not an active member of the organization.",
};

/** @param meter the one that was asked for; null: the default. @param where which event of several. */
export function refusalOf(
  refusal: UsageRefusal,
  meter: string | null,
  where: { index?: number } = {},
): DomainError {
  const details = { ...(refusal === "unknown_meter" ? { meter } : {}), ...where };
  return new DomainError(refusal, refusalMessages[refusal], details);
}
