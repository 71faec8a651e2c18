import { TRPCClientError } from "@trpc/client";
import type { inferRouterError } from "@trpc/server";
import type { ErrorDetails } from "./error-details.ts";
import type { AppRouter } from "./router.ts";

type ErrorData = inferRouterError<AppRouter>["data"];

/** Every code that Headroom refuses with: a closed list, so a `switch` over it can be checked. */
export type HeadroomErrorCode = ErrorData["reason"];

/** `error.data` of one code. */
type DataOf<Code extends HeadroomErrorCode> = ErrorData & {
  reason: Code;
  details: Code extends keyof ErrorDetails ? ErrorDetails[Code] : Readonly<Record<string, unknown>>;
};

/**
 * A refusal of Headroom: `error.data.reason` is the code, `error.data.details` has the numbers and names behind it. They
 * are typed by the code (`ErrorDetails`): `limit` of `seat_limit_reached` is a number or null.
 */
export type HeadroomError<Code extends HeadroomErrorCode = HeadroomErrorCode> = TRPCClientError<AppRouter> & {
  data: { [Each in Code]: DataOf<Each> }[Code];
};

/**
 * True for a refusal that Headroom spoke, with one of `codes` when any is given. False for everything else, also for
 * a network that failed: then nobody knows what happened.
 */
export function isHeadroomError<Code extends HeadroomErrorCode = HeadroomErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is HeadroomError<Code> {
  if (!(error instanceof TRPCClientError)) return false;
  const reason: unknown = (error.data as { reason?: unknown } | null | undefined)?.reason;
  return typeof reason === "string" && (codes.length === 0 || codes.some((code) => code === reason));
}
