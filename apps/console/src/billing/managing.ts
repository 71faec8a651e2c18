import type { AppRouter } from "@headroom/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { inferRouterOutputs } from "@trpc/server";
import { useTRPC } from "../api.ts";
import { pageOf, useOrganization } from "../organization.tsx";

type Outputs = inferRouterOutputs<AppRouter>;
export type Billing = Outputs["billing"]["get"];
export type Plan = Outputs["plans"]["list"]["plans"][number];
export type Preview = Outputs["billing"]["previewChange"];

/** Whether the person manages plan and payment; null until it is known. */
export function useManagesBilling(): boolean | null {
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().permissions.get.queryOptions({ organizationId }));
  return data === undefined ? null : data.permissions.includes("billing.manage");
}

/** The names of the owners, to be asked by whoever may not do something; empty until they are known. */
export function useOwners(): string[] {
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().members.list.queryOptions({ organizationId, limit: 50 }));
  const owners = (data?.members ?? []).filter(({ role }) => role === "owner");
  return owners.flatMap(({ name, email }) => name ?? email ?? []);
}

/** Names a plan by its id: as the catalogue does, and by the id itself where the plan is not on sale any more. */
export function usePlanName(): (planId: string) => string {
  const { data } = useQuery(useTRPC().plans.list.queryOptions());
  return (planId) => data?.plans.find(({ id }) => id === planId)?.displayName ?? planId;
}

/** Asks again for what a change of plan or seats has made old, without waiting for its event. */
export function useRefreshBilling(): () => void {
  const queries = useQueryClient();
  const trpc = useTRPC();
  return () => {
    const old = [trpc.billing, trpc.entitlements, trpc.usage, trpc.members];
    for (const area of old) void queries.invalidateQueries(area.pathFilter());
  };
}

/** Where Stripe's pages lead back to: this page, with what came of it. */
export function useReturnAddress(): (query?: Readonly<Record<string, string>>) => string {
  const { slug } = useOrganization();
  return (query = {}) => {
    const page = new URL(pageOf(slug, "plan"), window.location.origin);
    page.search = new URLSearchParams(query).toString();
    return page.href;
  };
}
