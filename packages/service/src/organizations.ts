import { findAccount, setActiveOrganization } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import { findCustomer } from "@headroom/db/customers";
import { enqueue } from "@headroom/db/jobs";
import {
  listOrganizationsOf,
  moveSlug,
  readLivingOrganization,
  updateOrganization,
} from "@headroom/db/organizations";
import { rollGates } from "@headroom/db/subscriptions";
import { type Tx, withUser } from "@headroom/db/tenancy";
import { personBehind } from "@headroom/domain/access";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import type { Role } from "@headroom/domain/permissions";
import {
  type Access,
  assertPermission,
  authorize,
  organizationNotFound,
  requirePerson,
  withLockedOrganization,
} from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import { listMembers, type MemberPage } from "./member-list.ts";
import {
  changedFields,
  type FieldChange,
  type OrganizationFields,
  readFields,
  toColumns,
} from "./organization-fields.ts";
import { type OrganizationView, toOrganizationView } from "./organization-views.ts";
import { getUsage, type MeterUsage } from "./usage-reading.ts";
import { findActiveOrganization } from "./users.ts";

/** @throws DomainError organization_not_found */
export async function getOrganization(context: ServiceContext, access: Access): Promise<OrganizationView> {
  const row = await readLivingOrganization(context.db, access.organizationId);
  if (row === null) {
    throw organizationNotFound();
  }
  return toOrganizationView(row, access.role);
}

export interface OrganizationPage {
  organizations: OrganizationView[];
  activeOrganizationId: string | null;
  nextCursor: string | null;
}

/** The organizations of the caller, in the order of joining, with their own role in each. */
export async function listOrganizations(
  context: ServiceContext,
  userId: string,
  input: PageInput,
): Promise<OrganizationPage> {
  const after = readIdCursor("organizations", input.cursor);
  const { rows, account } = await withUser(context.db, userId, async (tx) => ({
    rows: await listOrganizationsOf(tx, userId, { after, limit: input.limit + 1 }),
    account: await findAccount(tx, userId),
  }));
  const { items, nextCursor } = nextPage("organizations", rows, input.limit, (row) => row.membership_id);
  const active = account?.active_organization_id ?? null;
  return {
    organizations: items.map((row) => toOrganizationView(row, row.role as Role)),
    activeOrganizationId: active === null ? null : encodeId("org", active),
    nextCursor,
  };
}

export interface CurrentOrganizationView extends MemberPage {
  organization: OrganizationView;
  /** The month's usage of every meter. */
  usage: MeterUsage[];
}

/**
 * The caller's active organization with the first page of its members and the month's usage; for an organization's key
 * its own.
 * @throws DomainError no_active_organization, forbidden
 */
export async function getCurrentOrganization(
  context: ServiceContext,
  actor: Actor,
): Promise<CurrentOrganizationView> {
  const userId = personBehind(actor);
  const active = userId === null ? null : await findActiveOrganization(context, userId);
  const organizationId = actor.kind === "organization_key" ? actor.organizationId : active;
  if (organizationId === null) {
    throw new DomainError("no_active_organization", "There is no active organization: name one.");
  }
  const access = await authorize(context, actor, organizationId, "organization.view");
  assertPermission(context, access, "members.view");
  assertPermission(context, access, "usage.view");
  const [organization, members, { meters }] = await Promise.all([
    getOrganization(context, access),
    listMembers(context, access, { limit: 200 }),
    getUsage(context, access),
  ]);
  return { organization, ...members, usage: meters };
}

/**
 * Changes the fields that are given, and no others. Name, slug and domain need `organization.identify`, settings
 * `organization.update`; a new time zone holds from the next window on.
 * @throws DomainError validation_failed, forbidden, slug_taken
 */
export async function changeOrganization(
  context: ServiceContext,
  access: Access,
  input: Partial<OrganizationFields>,
): Promise<OrganizationView> {
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    const fields = await readFields(tx, input);
    const changes = changedFields(organization, fields);
    const names = changes.map(({ field }) => field);
    if (names.some((name) => identity.includes(name))) {
      assertPermission(context, fresh, "organization.identify");
    }
    if (changes.length === 0) {
      return toOrganizationView(organization, fresh.role);
    }
    if (fields.slug !== undefined && names.includes("slug")) {
      await moveSlug(tx, organization.id, fields.slug);
    }
    if (names.includes("timeZone")) {
      await rollGates(tx, organization.id);
    }
    const columns = { ...toColumns(fields, organization.settings), updated_at: await readClock(tx) };
    const row = await updateOrganization(tx, organization.id, columns);
    await recordUpdate(tx, fresh, changes);
    if (names.includes("name") || names.includes("billingEmail")) {
      await tellStripe(tx, organization.id, changes);
    }
    return toOrganizationView(row, fresh.role);
  });
}

const identity: readonly FieldChange["field"][] = ["name", "slug", "domain"];

async function recordUpdate(
  tx: Tx,
  { organizationId, actor }: Access,
  changes: readonly FieldChange[],
): Promise<void> {
  const email = changes.find(({ field }) => field === "billingEmail");
  const told = changes.filter((change) => change !== email);
  await recordChange(tx, {
    organizationId,
    actor,
    audit: {
      action: "organization.updated",
      target: encodeId("org", organizationId),
      data: Object.fromEntries(told.map(({ field, from, to }) => [field, { from, to }])),
      // An address is a person's: what is gone is told by its absence.
      ...(email && { personal: { billingEmailFrom: email.from, billingEmailTo: email.to } }),
    },
    events: [{ name: "organization.updated", payload: { fields: changes.map(({ field }) => field) } }],
  });
}

// Invoices show them. A later change of the name must not take the place of the job that takes an address away.
async function tellStripe(tx: Tx, organizationId: string, changes: readonly FieldChange[]): Promise<void> {
  if ((await findCustomer(tx, organizationId)) !== null) {
    const emailWithdrawn = changes.some(({ field, to }) => field === "billingEmail" && to === null);
    const jobKey = `describe_customer:${organizationId}${emailWithdrawn ? ":email_withdrawn" : ""}`;
    await enqueue(tx, "describe_customer", { organizationId, emailWithdrawn }, { jobKey });
  }
}

/**
 * Makes an organization the caller's active one. Under its lock: whoever is being removed does not come back to it.
 * @throws DomainError organization_not_found, forbidden
 */
export async function switchOrganization(
  context: ServiceContext,
  access: Access,
): Promise<{ organization: OrganizationView; activeOrganizationId: string }> {
  const userId = requirePerson(access.actor);
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    await setActiveOrganization(tx, userId, organization.id);
    const view = toOrganizationView(organization, fresh.role);
    return { organization: view, activeOrganizationId: view.id };
  });
}
