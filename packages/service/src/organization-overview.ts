import { findOrganizationBySlug } from "@headroom/db/organizations";
import type { Actor } from "@headroom/domain/actors";
import { type Access, authorize, organizationNotFound } from "./access.ts";
import { type BillingView, getBilling } from "./billing.ts";
import type { ServiceContext } from "./context.ts";
import { listMembers, type MemberPage } from "./member-list.ts";
import type { OrganizationView } from "./organization-views.ts";
import { getOrganization } from "./organizations.ts";
import { type OverrideView, readOverrides } from "./overrides.ts";
import { type AssignmentView, readPlanAssignments } from "./plan-assignments.ts";
import { getUsage, type MeterUsage } from "./usage-reading.ts";

/** The raw id of the organization with a slug. @throws DomainError organization_not_found */
export async function resolveSlug(context: Pick<ServiceContext, "db">, slug: string): Promise<string> {
  const id = await findOrganizationBySlug(context.db.kysely, slug);
  if (id === null) {
    throw organizationNotFound();
  }
  return id;
}

/** What an operator looks at first. */
export interface OrganizationOverview {
  organization: Omit<OrganizationView, "role">;
  /** At most the first 200. */
  members: MemberPage["members"];
  seats: MemberPage["seats"];
  billing: BillingView;
  usage: MeterUsage[];
  /** Also those whose time is over. */
  overrides: OverrideView[];
  /** Plans that operators assigned: one that runs, one that waits. */
  assignments: AssignmentView[];
}

/** @throws DomainError organization_not_found */
export async function describeOrganization(
  context: ServiceContext,
  operator: Extract<Actor, { kind: "operator" }>,
  organizationId: string,
): Promise<OrganizationOverview> {
  const access: Access = await authorize(context, operator, organizationId, "organization.view");
  const [
    { role: _, ...organization },
    { members, seats },
    billing,
    { meters },
    { overrides },
    { assignments },
  ] = await Promise.all([
    getOrganization(context, access),
    listMembers(context, access, { limit: 200 }),
    getBilling(context, access),
    getUsage(context, access),
    readOverrides(context, access),
    readPlanAssignments(context, access),
  ]);
  return { organization, members, seats, billing, usage: meters, overrides, assignments };
}
