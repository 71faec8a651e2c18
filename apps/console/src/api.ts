import { createHeadroomClient, type HeadroomClient, isHeadroomError } from "@headroom/client";
import { createHeadroomContext, retryUnlessRefused } from "@headroom/client/react-query";
import { MutationCache, notifyManager, QueryCache, QueryClient } from "@tanstack/react-query";
import { recordingFetch } from "./requests.ts";
import type { Session } from "./session.ts";

// Before the second click of a double click arrives, the button knows that the first one's work is under way.
notifyManager.setScheduler(queueMicrotask);

/** `useTRPC()` has the options of every query and mutation: `useQuery(useTRPC().members.list.queryOptions(…))`. */
export const { TRPCProvider, useTRPC, useTRPCClient } = createHeadroomContext();

/** The api on this origin, as the person who is signed in. */
export function createApi(session: Session): HeadroomClient {
  return createHeadroomClient({
    url: window.location.origin,
    token: () => session.token(),
    fetch: recordingFetch,
  });
}

/** The api as an operator of the installation: every call says so, and must name its organization. */
export function createOperatorApi(session: Session): HeadroomClient {
  return createHeadroomClient({
    url: window.location.origin,
    token: () => session.token(),
    headers: { "headroom-operator": "true" },
    fetch: recordingFetch,
  });
}

/** The api for whoever is not signed in. */
export function createPublicApi(): HeadroomClient {
  return createHeadroomClient({ url: window.location.origin, fetch: recordingFetch });
}

/** For infinite queries: where the next page of a list begins; null: there is none. */
export const nextPage = ({ nextCursor }: { nextCursor: string | null }): string | null => nextCursor;

/** Answers that the api refuses for want of a session lead to the issuer, wherever they were asked for. */
export function createQueries(session: Session): QueryClient {
  const onError = (error: unknown): void => {
    if (!isHeadroomError(error, "unauthenticated", "token_expired")) return;
    session.refused();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: { queries: { retry: retryUnlessRefused, staleTime: 5_000 } },
  });
}
