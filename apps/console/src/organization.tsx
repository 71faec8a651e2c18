import type { AppRouter } from "@headroom/client";
import { useQuery } from "@tanstack/react-query";
import type { inferRouterOutputs } from "@trpc/server";
import { createContext, type ReactNode, useContext } from "react";
import { useTRPC } from "./api.ts";

export type Outputs = inferRouterOutputs<AppRouter>;
export type Organization = Outputs["organizations"]["list"]["organizations"][number];
export type Permission = Outputs["permissions"]["get"]["permissions"][number];

const OrganizationContext = createContext<Organization | null>(null);

export function OrganizationProvider(props: { organization: Organization; children: ReactNode }) {
  return <OrganizationContext value={props.organization}>{props.children}</OrganizationContext>;
}

/** The organization that the page is about. */
export function useOrganization(): Organization {
  const organization = useContext(OrganizationContext);
  if (organization === null) throw new Error("useOrganization needs a page of an organization");
  return organization;
}

/** Whether the person may do something here. False until it is known, so that nothing is offered too early. */
export function useMay(permission: Permission): boolean {
  const { id: organizationId } = useOrganization();
  const { data } = useQuery(useTRPC().permissions.get.queryOptions({ organizationId }));
  return data?.permissions.includes(permission) ?? false;
}

/** The address of one of the organization's pages. */
export function pageOf(slug: string, page: string): string {
  return `/organizations/${slug}/${page}`;
}
