import type { QueryClient } from "@tanstack/react-query";
import { createTRPCContext, createTRPCOptionsProxy, type TRPCOptionsProxy } from "@trpc/tanstack-react-query";
import type { HeadroomClient } from "./index.ts";
import { isOutage } from "./retries.ts";
import type { AppRouter } from "./router.ts";

export type { EventName, QueryPath } from "./event-queries.ts";
export { invalidateOnEvents, type LiveEvent, type LiveOptions } from "./live-queries.ts";

/** `queries.members.list.queryOptions({ organizationId })`, and the same with `mutationOptions` and `queryKey`. */
export type HeadroomQueries = TRPCOptionsProxy<AppRouter>;

/** Options for TanStack Query without React's context: for a module, a loader or a server component. */
export function createHeadroomQueries(client: HeadroomClient, queryClient: QueryClient): HeadroomQueries {
  return createTRPCOptionsProxy<AppRouter>({ client, queryClient });
}

/**
 * `TRPCProvider` (props: `trpcClient`, which `createHeadroomClient` makes, and `queryClient`), and the hooks `useTRPC`,
 * which answers the `HeadroomQueries`, and `useTRPCClient`. Call it once, in a module of the browser.
 */
export function createHeadroomContext(): ReturnType<typeof createTRPCContext<AppRouter>> {
  return createTRPCContext<AppRouter>();
}

const mostRetries = 3;

/**
 * For `new QueryClient({ defaultOptions: { queries: { retry: retryUnlessRefused } } })`: what Headroom refused is not
 * asked again; what got no answer, or `internal` or `unavailable`, is, up to three times.
 */
export function retryUnlessRefused(failureCount: number, error: unknown): boolean {
  return failureCount < mostRetries && isOutage(error);
}
