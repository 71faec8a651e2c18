import { createHeadroomClient } from "@headroom/client";
import { createHeadroomContext, retryUnlessRefused } from "@headroom/client/react-query";
import { QueryClient } from "@tanstack/react-query";

export const { TRPCProvider, useTRPC, useTRPCClient } = createHeadroomContext();

/** `token` answers the access token of whoever is signed in, renewed where it has to be. */
export function connect(url: string, token: () => Promise<string>) {
  return {
    trpcClient: createHeadroomClient({ url, token }),
    queryClient: new QueryClient({ defaultOptions: { queries: { retry: retryUnlessRefused } } }),
  };
}
