import type { TRPCLink } from "@trpc/client";
import type { AppRouter } from "./router.ts";

/**
 * TanStack's infinite queries say which way they read (`direction`). Lists go forward only, and an input takes no field
 * that it does not know.
 */
export const readForward: TRPCLink<AppRouter> =
  () =>
  ({ op, next }) =>
    next({ ...op, input: withoutDirection(op.input) });

function withoutDirection(input: unknown): unknown {
  if (typeof input !== "object" || input === null || !("direction" in input)) return input;
  const { direction: _, ...rest } = input;
  return rest;
}
