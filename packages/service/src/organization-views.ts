import { findMembership } from "@headroom/db/members";
import { findOrganization, type LivingOrganization } from "@headroom/db/organizations";
import type { OrganizationRow, Tx } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import type { Role } from "@headroom/domain/permissions";
import { organizationNotFound } from "./access.ts";

export interface OrganizationSettings {
  timeZone: string;
  /** Where invoices go; null: nowhere of the organization's own. */
  billingEmail: string | null;
}

export interface OrganizationView {
  id: string;
  name: string;
  slug: string;
  domain: string | null;
  settings: OrganizationSettings;
  /** The caller's own role; null for keys of the organization or the SaaS. */
  role: Role | null;
  createdAt: string;
  updatedAt: string;
}

/** The wire form of an organization for whoever has `role` in it. */
export function toOrganizationView(row: LivingOrganization, role: Role | null): OrganizationView {
  return {
    id: encodeId("org", row.id),
    name: row.name,
    slug: row.slug,
    domain: row.domain,
    settings: readSettings(row),
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

/** The settings in an organization's row. */
export function readSettings(row: Pick<OrganizationRow, "settings" | "time_zone">): OrganizationSettings {
  const { billingEmail } = (row.settings ?? {}) as { billingEmail?: unknown };
  return { timeZone: row.time_zone, billingEmail: typeof billingEmail === "string" ? billingEmail : null };
}
