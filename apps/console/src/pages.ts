import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";

type Page = { nextCursor: string | null };

/**
 * A list page after page. tRPC's own infinite queries send a `direction` beside the cursor, which the api, strict about
 * its input, refuses. `key`: of the procedure, so that events which make it old find it.
 */
export function usePages<P extends Page>(key: QueryKey, read: (cursor: string | undefined) => Promise<P>) {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    placeholderData: (shown) => shown,
  });
}
