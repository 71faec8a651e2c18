import { type AccountRow, erasedIssuer } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import { finishInvite } from "@headroom/db/invite-writes";
import { findMember } from "@headroom/db/members";
import {
  clearBillingEmail,
  eraseAccount,
  eraseInviteAddress,
  eraseKeyNames,
  isErasedInvite,
  listInvitesAbout,
  lockAnyOrganization,
} from "@headroom/db/personal-data";
import { type OrganizationRow, type Tx, withOrganization, withUser } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { encodeId } from "@headroom/domain/ids";
import { foldEmail } from "@headroom/domain/invites";
import { assertMayRemove } from "@headroom/domain/members";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { type AffectedOrganization, operatorAccess, weighAll } from "./erasure-weighing.ts";
import { endMembership, weigh } from "./members.ts";
import { forgetInModules } from "./module-erasure.ts";
import { recordOperatorAct } from "./operator-acts.ts";
import { findPerson, type PersonTrace, tracePerson } from "./people.ts";
import { type EndedPresence, forgetElsewhere, forgetText } from "./personal-text.ts";

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
  organizations: AffectedOrganization[];
}

/** What an erasure would do, and whether it could. @throws DomainError user_not_found, last_owner, last_admin */
export async function planErasure(contexts: ErasureContexts, reference: string): Promise<Erasure> {
  const person = await tracePerson(contexts.worker, await findPerson(contexts.worker, reference));
  return {
    userId: encodeId("usr", person.userId),
    erased: false,
    organizations: await weighAll(contexts.api, person),
  };
}

interface ErasureOptions {
  operator: Actor;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Forgets a person, one organization after the other, each step a transaction, and the account at the end. Killed half
 * way, the next run goes on; what the person has joined or founded meanwhile is gone through as well.
 * Refused while the person is the last holder of the top role of an organization that is not deleted.
 * @throws DomainError user_not_found, last_owner, last_admin
 */
export async function eraseUser(
  contexts: ErasureContexts,
  reference: string,
  options: ErasureOptions,
): Promise<Erasure> {
  const account = await findPerson(contexts.worker, reference);
  const organizations = new Map<string, AffectedOrganization>();
  do {
    const person = await tracePerson(contexts.worker, account);
    const found = await weighAll(contexts.api, person);
    for (const one of found.filter(({ id }) => !organizations.has(id))) {
      organizations.set(one.id, one);
    }
    await forgetPresence(contexts, person, options);
  } while (!(await forgetAccount(contexts.api, account, { ...options, organizations: organizations.size })));
  return { userId: encodeId("usr", account.id), erased: true, organizations: [...organizations.values()] };
}

/** Everything about a person but the account itself. */
async function forgetPresence(
  contexts: ErasureContexts,
  person: PersonTrace,
  { operator, onProgress }: ErasureOptions,
): Promise<void> {
  for (const [index, id] of person.organizationIds.entries()) {
    const ended = await endPresence(contexts.api, id, person, operator);
    await forgetText(contexts.worker, id, person, { operator, ended });
    onProgress?.(index + 1, person.organizationIds.length);
  }
  // Only now: while any text is left, a next run has to learn from them which addresses the person had.
  for (const id of person.organizationIds) {
    await forgetAcceptedInvites(contexts.api, id, person);
  }
  await forgetElsewhere(contexts.worker, person);
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

/** False when the person has become somebody's member meanwhile. */
async function forgetAccount(
  context: ErasureContexts["api"],
  account: AccountRow,
  { operator, organizations }: { operator: Actor; organizations: number },
): Promise<boolean> {
  if (account.issuer === erasedIssuer) {
    return true;
  }
  return withUser(context.db, account.id, async (tx) => {
    const isDone = await eraseAccount(tx, account.id, await readClock(tx));
    if (isDone) {
      const target = encodeId("usr", account.id);
      await recordOperatorAct(tx, operator, { action: "user.erased", target, data: { organizations } });
    }
    return isDone;
  });
}
