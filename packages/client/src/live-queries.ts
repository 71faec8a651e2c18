import type { Query, QueryClient } from "@tanstack/react-query";
import type { TRPCClientError } from "@trpc/client";
import type { inferRouterOutputs } from "@trpc/server";
import { isHeadroomError } from "./errors.ts";
import { queriesTouched, queriesTouchedBy } from "./event-queries.ts";
import type { HeadroomClient } from "./index.ts";
import type { AppRouter } from "./router.ts";

/** An event as it is told. */
export type LiveEvent = inferRouterOutputs<AppRouter>["events"]["list"]["events"][number];

export type LiveOptions = {
  /** Told of each event, after its queries were marked: for a line on the screen. */
  onEvent?: (event: LiveEvent) => void;
  /** Told true when the stream stands, and false while it is being made again. */
  onLive?: (live: boolean) => void;
  /**
   * Told why no more events come: `organization_not_found` (removed, left, deleted), `token_expired` where a token that
   * was asked for again had expired as well, `forbidden`, `rate_limited`.
   */
  onEnd?: (error: TRPCClientError<AppRouter>) => void;
};

/** Many events of one moment, such as those of a bulk invite, ask once. */
const gatheringMs = 25;

/**
 * Keeps what is on the screen true: invalidates the queries of the organization (`org_…` or `current`) that each of its
 * events touches, so that TanStack Query asks again for those that are shown. Connects again by itself and misses
 * nothing; with a token that is asked for (`token: () => …`) also beyond the token's end. Answers how to stop.
 * Usage that is counted is no event: give `refetchInterval` to what shows it.
 */
export function invalidateOnEvents(
  queryClient: QueryClient,
  client: Pick<HeadroomClient, "events">,
  organizationId: string,
  options: LiveOptions = {},
): () => void {
  const names = new Set([organizationId, "current"]);
  const invalidator = createInvalidator(queryClient, names);
  const state = { stopped: false, seq: null as number | null, connected: false, live: false, stop: () => {} };

  function tellLive(live: boolean): void {
    if (live === state.live || state.stopped) return;
    state.live = live;
    options.onLive?.(live);
  }

  function subscribe(): void {
    state.connected = false;
    const after = state.seq === null ? {} : { after: state.seq };
    const subscription = client.events.subscribe.subscribe(
      { organizationId, ...after },
      {
        onData({ data }) {
          if (data.name === "subscribed") {
            names.add(data.organizationId);
            tellLive(true);
            // What was read before the stream began may have changed in between.
            if (state.seq === null) invalidator.add(queriesTouched);
          } else {
            invalidator.add(queriesTouchedBy(data.name));
            options.onEvent?.(data);
          }
          state.seq = data.seq;
          state.connected = true;
        },
        onConnectionStateChange: ({ state: connection }) => {
          if (connection === "connecting") tellLive(false);
        },
        onError: end,
      },
    );
    state.stop = () => subscription.unsubscribe();
  }

  function end(error: TRPCClientError<AppRouter>): void {
    if (state.stopped) return;
    // The next subscription asks for a token again. One that is refused at once is not tried for ever.
    if (isHeadroomError(error, "token_expired") && state.connected) {
      subscribe();
      return;
    }
    tellLive(false);
    state.stopped = true;
    // Whoever is told nothing any more has lost the right to it, or the organization is gone.
    invalidator.add(queriesTouched);
    options.onEnd?.(error);
  }

  subscribe();
  return () => {
    state.stopped = true;
    state.stop();
    invalidator.stop();
  };
}

function createInvalidator(queryClient: QueryClient, organizations: ReadonlySet<string>) {
  const waiting = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    timer = undefined;
    const paths = new Set(waiting);
    waiting.clear();
    // Failures are the queries' own, which show them.
    void queryClient.invalidateQueries({ predicate: (query) => isTouched(query, paths, organizations) });
  }

  return {
    add(paths: Iterable<string>): void {
      for (const path of paths) waiting.add(path);
      timer ??= setTimeout(flush, gatheringMs);
    },
    stop(): void {
      clearTimeout(timer);
    },
  };
}

/** Whether it asks one of `paths`, of one of the organizations or of none, as `me.get` does. */
function isTouched({ queryKey }: Query, paths: ReadonlySet<string>, organizations: ReadonlySet<string>) {
  const [path, options] = queryKey as readonly [unknown, { input?: { organizationId?: unknown } }?];
  if (!Array.isArray(path) || !paths.has(path.join("."))) return false;
  const about = options?.input?.organizationId;
  return typeof about !== "string" || organizations.has(about);
}
