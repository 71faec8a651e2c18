import { QueryClientProvider } from "@tanstack/react-query";
import { type connect, TRPCProvider } from "./headroom.ts";
import { Usage } from "./usage.tsx";

export function App({ queryClient, trpcClient }: ReturnType<typeof connect>) {
  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider queryClient={queryClient} trpcClient={trpcClient}>
        <Usage organizationId="current" />
      </TRPCProvider>
    </QueryClientProvider>
  );
}
