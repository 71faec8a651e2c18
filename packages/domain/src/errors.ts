import type { ErrorDetails } from "./error-details.ts";

/** The kinds of refusal. Each has one HTTP status and one nearest tRPC code (`statusOf`, `trpcCodeOf`). */
export type ErrorKind = keyof typeof kinds;

const kinds = {
  invalid: { status: 400, trpc: "BAD_REQUEST" },
  unauthenticated: { status: 401, trpc: "UNAUTHORIZED" },
  payment_required: { status: 402, trpc: "PAYMENT_REQUIRED" },
  forbidden: { status: 403, trpc: "FORBIDDEN" },
  not_found: { status: 404, trpc: "NOT_FOUND" },
  method_not_allowed: { status: 405, trpc: "METHOD_NOT_SUPPORTED" },
  conflict: { status: 409, trpc: "CONFLICT" },
  gone: { status: 410, trpc: "NOT_FOUND" },
  too_large: { status: 413, trpc: "PAYLOAD_TOO_LARGE" },
  unsupported_media_type: { status: 415, trpc: "UNSUPPORTED_MEDIA_TYPE" },
  limited: { status: 429, trpc: "TOO_MANY_REQUESTS" },
  internal: { status: 500, trpc: "INTERNAL_SERVER_ERROR" },
  unavailable: { status: 503, trpc: "SERVICE_UNAVAILABLE" },
} as const;

/** Every code that a caller can meet, and its kind. The table in the docs is this one. */
export const errorCodes = {
  validation_failed: "invalid",
  already_member: "invalid",
  already_invited: "invalid",
  invalid_role: "invalid",
  not_a_member: "invalid",
  no_active_organization: "invalid",
  plan_not_available: "invalid",
  conversation_not_open: "invalid",
  unknown_meter: "invalid",
  invalid_signature: "invalid",
  unauthenticated: "unauthenticated",
  token_expired: "unauthenticated",
  seat_limit_reached: "payment_required",
  profile_limit_reached: "payment_required",
  plan_required: "payment_required",
  payment_failed: "payment_required",
  overage_not_available: "payment_required",
  forbidden: "forbidden",
  cannot_change_own_role: "forbidden",
  invite_email_mismatch: "forbidden",
  email_not_verified: "forbidden",
  ownership_transfer_disabled: "forbidden",
  organization_not_found: "not_found",
  user_not_found: "not_found",
  invite_not_found: "not_found",
  plan_not_found: "not_found",
  resource_not_found: "not_found",
  route_not_found: "not_found",
  method_not_allowed: "method_not_allowed",
  payload_too_large: "too_large",
  unsupported_media_type: "unsupported_media_type",
  last_owner: "conflict",
  last_admin: "conflict",
  slug_taken: "conflict",
  invite_not_pending: "conflict",
  active_subscription: "conflict",
  no_subscription: "conflict",
  currency_fixed: "conflict",
  reservation_not_open: "conflict",
  idempotency_mismatch: "conflict",
  invite_expired: "gone",
  daily_limit: "limited",
  hard_cap: "limited",
  rate_limited: "limited",
  internal: "internal",
  unavailable: "unavailable",
  billing_not_configured: "unavailable",
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCodes;

/** `details` of a refusal with that code. */
export type DetailsOf<Code extends ErrorCode> = Code extends keyof ErrorDetails
  ? ErrorDetails[Code]
  : Readonly<Record<string, unknown>>;

/** Where callers compute with the details, whoever throws must give them. */
type GivenDetails<Code extends ErrorCode> = Code extends keyof ErrorDetails
  ? [details: ErrorDetails[Code]]
  : [details?: Readonly<Record<string, unknown>>];

/**
 * A refusal that the caller is told about. `message` is one plain sentence, `details` is JSON with the numbers
 * and names behind it (camelCase). Anything else that is thrown becomes `internal` and leaks nothing.
 */
export class DomainError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "DomainError";
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, ...[details = {}]: GivenDetails<Code>) {
    super(message);
    this.code = code;
    this.kind = errorCodes[code];
    this.details = details;
  }
}

/** The HTTP status of a kind. */
export function statusOf(kind: ErrorKind): number {
  return kinds[kind].status;
}

/** The nearest tRPC code of a kind; tRPC has no 410, so `gone` travels as NOT_FOUND and keeps its own status in `data`. */
export function trpcCodeOf<Kind extends ErrorKind>(kind: Kind): (typeof kinds)[Kind]["trpc"] {
  return kinds[kind].trpc;
}
