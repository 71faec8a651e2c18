import { useQueryClient } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";
import { useToast } from "../components/toasts.tsx";
import { useMessages } from "../messages/messages.tsx";
import type { Organization } from "../organization.tsx";

/** Shows everywhere what was saved, and says so. */
export function useSaved(): (organization: Organization) => Promise<void> {
  const { common } = useMessages();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const toast = useToast();
  return async () => {
    await queries.invalidateQueries({ queryKey: trpc.organizations.list.queryKey() });
    toast(common.saved);
  };
}
