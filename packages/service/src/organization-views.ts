import { findMembership } from "@headroom/db/members";
import { findOrganization } from "@headroom/db/organizations";
import type { OrganizationRow, Tx } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import type { Role } from "@headroom/domain/permissions";
import { organizationNotFound } from "./access.ts";

export interface OrganizationView {
  id: string;
  name: string;
  slug: string;
  domain: string | null;
  settings: { timeZone: string };
  /** The caller's own role; null for keys of the organization or the SaaS. */
  role: Role | null;
  createdAt: string;
  updatedAt: string;
}

/** The wire form of an organization for whoever has `role` in it. */
export function toOrganizationView(row: OrganizationRow, role: Role | null): OrganizationView {
  return {
    id: encodeId("org", row.id),
    name: row.name,
    slug: row.slug,
    domain: row.domain,
    settings: { timeZone: row.time_zone },
    role,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** An organization that this transaction may read, with the caller's own role. @throws DomainError organization_not_found */
export async function readOrganization(
  tx: Tx,
  organizationId: string,
  userId: string,
): Promise<OrganizationView> {
  const [row, member] = [
    await findOrganization(tx, organizationId),
    await findMembership(tx, organizationId, userId),
  ];
  if (row === null || member === null) {
    throw organizationNotFound();
  }
  return toOrganizationView(row, member.role);
}
