import { readClock } from "@headroom/db/clock";
import { finishInvite } from "@headroom/db/invite-writes";
import { findMember } from "@headroom/db/members";
import {
  clearBillingEmail,
  eraseAccount,
  erasedIssuer,
  eraseInviteAddress,
  eraseKeyNames,
  isErasedInvite,
  listInvitesAbout,
  lockAnyOrganization,
} from "@headroom/db/personal-data";
import { type OrganizationRow, type Tx, withOrganization, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { foldEmail } from "@headroom/domain/invites";
import { assertMayRemove } from "@headroom/domain/members";
import { topRole } from "@headroom/domain/permissions";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { endMembership, weigh } from "./members.ts";
import { forgetInModules } from "./module-erasure.ts";
import { recordOperatorAct } from "./operator-acts.ts";
import { findPerson, type PersonTrace, tracePerson } from "./people.ts";
import { type EndedPresence, forgetInbox, forgetText } from "./personal-text.ts";

/** The same database under the two roles that share the work: only the worker's may forget audit text. */
export interface ErasureContexts {
  /** `db` as hr_api. */
  api: Pick<ServiceContext, "db" | "configuration">;
  /** `db` as hr_worker. */
  worker: Pick<ServiceContext, "db">;
}

export interface Erasure {
  userId: string;
  /** False: what would be erased. */
  erased: boolean;
  organizations: { id: string; name: string; isMember: boolean }[];
}

/** What an erasure would do, and whether it could. @throws DomainError user_not_found, last_owner, last_admin */
export async function planErasure(contexts: ErasureContexts, reference: string): Promise<Erasure> {
  const person = await readPerson(contexts, reference);
  return {
    userId: encodeId("usr", person.userId),
    erased: false,
    organizations: await weighAll(contexts, person),
  };
}

/**
 * Forgets a person, one organization after the other, each step a transaction, and the account at the end. Killed half
 * way, the next run goes on.
 * Refused while the person is the last holder of the top role of an organization that is not deleted.
 * @throws DomainError user_not_found, last_owner, last_admin
 */
export async function eraseUser(
  contexts: ErasureContexts,
  reference: string,
  { operator, onProgress }: { operator: Actor; onProgress?: (done: number, total: number) => void },
): Promise<Erasure> {
  const person = await readPerson(contexts, reference);
  const organizations = await weighAll(contexts, person);
  for (const [index, id] of person.organizationIds.entries()) {
    const ended = await endPresence(contexts.api, id, person, operator);
    await forgetText(contexts.worker, id, person, { operator, ended });
    onProgress?.(index + 1, person.organizationIds.length);
  }
  // Only now: while any text is left, a next run has to learn from them which addresses the person had.
  for (const id of person.organizationIds) {
    await forgetAcceptedInvites(contexts.api, id, person);
  }
  await forgetInbox(contexts.worker, person);
  await forgetAccount(contexts.api, person, operator);
  return { userId: encodeId("usr", person.userId), erased: true, organizations };
}

async function readPerson({ worker }: ErasureContexts, reference: string): Promise<PersonTrace> {
  return tracePerson(worker, await findPerson(worker, reference));
}

/** @throws DomainError last_owner, last_admin, with every organization that would be left without one */
async function weighAll({ api }: ErasureContexts, person: PersonTrace): Promise<Erasure["organizations"]> {
  const seen: Erasure["organizations"] = [];
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
  { configuration: { policies } }: ErasureContexts["api"],
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

function operatorAccess(organizationId: string, actor: Actor) {
  return { organizationId, actor, role: null, permission: "members.change" } as const;
}

/** Ends the membership with all that depends on it, and the person's invites; takes addresses and names from rows. */
async function endPresence(
  context: ErasureContexts["api"],
  organizationId: string,
  person: PersonTrace,
  operator: Actor,
): Promise<EndedPresence> {
  const nothing = { membership: false, invites: 0, billingEmail: false };
  return withOrganization(context.db, organizationId, async (tx) => {
    const organization = await lockAnyOrganization(tx, organizationId);
    if (organization === null) {
      return nothing;
    }
    const at = await readClock(tx);
    await forgetInModules(tx, organizationId, person);
    const membership = await leave(context, tx, organization, person, operator);
    const invites = await endInvites(tx, organizationId, person, { operator, at });
    await eraseKeyNames(tx, organizationId, person.userId);
    const billingEmail = isTheirBilling(organization, person);
    if (billingEmail) {
      await clearBillingEmail(tx, organizationId, at);
    }
    return { membership, invites, billingEmail };
  });
}

async function leave(
  context: ErasureContexts["api"],
  tx: Tx,
  organization: OrganizationRow,
  person: PersonTrace,
  operator: Actor,
): Promise<boolean> {
  const member = await findMember(tx, organization.id, person.userId);
  if (member === null) {
    return false;
  }
  const access = operatorAccess(organization.id, operator);
  const { policies } = context.configuration;
  if (organization.deleted_at === null) {
    assertMayRemove(await weigh(tx, access, member, policies), policies);
  }
  await endMembership(tx, access, member, "member.removed");
  return true;
}

function isTheirBilling({ settings }: OrganizationRow, person: PersonTrace): boolean {
  const { billingEmail } = settings as { billingEmail?: unknown };
  return typeof billingEmail === "string" && person.addresses.includes(foldEmail(billingEmail));
}

/** Withdraws the open invites to the person, and takes the address from all that they did not accept. How many. */
async function endInvites(
  tx: Tx,
  organizationId: string,
  person: PersonTrace,
  { operator, at }: { operator: Actor; at: Date },
): Promise<number> {
  const about = await listInvitesAbout(tx, organizationId, person);
  const theirs = about.filter(
    ({ email_folded: folded, accepted_by: by }) => person.addresses.includes(folded) && by !== person.userId,
  );
  const open = theirs.filter(({ status }) => status === "pending");
  for (const invite of open) {
    await finishInvite(tx, invite, { status: "revoked", at });
  }
  for (const invite of theirs) {
    await eraseInviteAddress(tx, invite, at);
  }
  if (open.length > 0) {
    await recordChange(tx, {
      organizationId,
      actor: operator,
      events: open.map(({ id }) => ({ name: "invite.revoked", payload: { inviteId: encodeId("inv", id) } })),
    });
  }
  return theirs.length;
}

async function forgetAcceptedInvites(
  context: ErasureContexts["api"],
  organizationId: string,
  person: PersonTrace,
): Promise<void> {
  await withOrganization(context.db, organizationId, async (tx) => {
    await lockAnyOrganization(tx, organizationId);
    const at = await readClock(tx);
    const about = await listInvitesAbout(tx, organizationId, { userId: person.userId, addresses: [] });
    for (const invite of about.filter((one) => one.accepted_by === person.userId && !isErasedInvite(one))) {
      await eraseInviteAddress(tx, invite, at);
    }
  });
}

async function forgetAccount(
  context: ErasureContexts["api"],
  person: PersonTrace,
  operator: Actor,
): Promise<void> {
  if (person.account.issuer === erasedIssuer) {
    return;
  }
  await withSystem(context.db, async (tx) => {
    await eraseAccount(tx, person.userId, await readClock(tx));
    const data = { organizations: person.organizationIds.length };
    const target = encodeId("usr", person.userId);
    await recordOperatorAct(tx, operator, { action: "user.erased", target, data });
  });
}
