import { findMember } from "@headroom/db/members";
import { lockAnyOrganization } from "@headroom/db/personal-data";
import { type OrganizationRow, type Tx, withOrganization } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { assertMayRemove } from "@headroom/domain/members";
import { topRole } from "@headroom/domain/permissions";
import type { ServiceContext } from "./context.ts";
import { weigh } from "./members.ts";
import type { PersonTrace } from "./people.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

/** An organization that keeps something about a person. */
export interface AffectedOrganization {
  id: string;
  name: string;
  isMember: boolean;
}

/** @throws DomainError last_owner, last_admin, with every organization that would be left without one */
export async function weighAll(api: Context, person: PersonTrace): Promise<AffectedOrganization[]> {
  const seen: AffectedOrganization[] = [];
  const headless: { id: string; name: string }[] = [];
  for (const organizationId of person.organizationIds) {
    await withOrganization(api.db, organizationId, async (tx) => {
      const organization = await lockAnyOrganization(tx, organizationId);
      const member = await findMember(tx, organizationId, person.userId);
      const named = { id: encodeId("org", organizationId), name: organization?.name ?? "" };
      seen.push({ ...named, isMember: member !== null });
      if (organization !== null && !(await maySpare(api, tx, organization, person))) {
        headless.push(named);
      }
    });
  }
  if (headless.length > 0) {
    const names = headless.map(({ id, name }) => `${name} (${id})`).join(", ");
    const role = topRole(api.configuration.policies);
    throw new DomainError(
      role === "owner" ? "last_owner" : "last_admin",
      `The person is the last ${role} of ${names}: hand it over or delete it first.`,
      { organizations: headless },
    );
  }
  return seen;
}

/** True when the organization can do without the person. */
async function maySpare(
  { configuration: { policies } }: Context,
  tx: Tx,
  organization: OrganizationRow,
  person: PersonTrace,
): Promise<boolean> {
  const member = await findMember(tx, organization.id, person.userId);
  if (member === null || organization.deleted_at !== null) {
    return true;
  }
  try {
    const access = operatorAccess(organization.id, { kind: "operator", name: "" });
    assertMayRemove(await weigh(tx, access, member, policies), policies);
    return true;
  } catch (error) {
    if (error instanceof DomainError) {
      return false;
    }
    throw error;
  }
}

/** As an operator acts on members. */
export function operatorAccess(organizationId: string, actor: Actor) {
  return { organizationId, actor, role: null, permission: "members.change" } as const;
}
