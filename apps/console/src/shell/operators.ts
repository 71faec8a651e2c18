import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../api.ts";

/** Whether the person is one of the installation's operators. */
export function useIsOperator(): boolean {
  const { data } = useQuery(useTRPC().me.get.queryOptions());
  return data?.kind === "user" && data.user.operator;
}
