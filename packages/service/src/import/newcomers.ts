import { findAccountByIdentity } from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import { insertAccounts, insertMembers, settleMembers } from "@headroom/db/imports";
import { claimReference, findReferences } from "@headroom/db/organization-references";
import { claimSlug, insertBaseSubscription, insertOrganization } from "@headroom/db/organizations";
import { enterOrganization, type Tx, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { parseEmail } from "@headroom/domain/invites";
import { deriveSlug } from "@headroom/domain/organizations";
import { topRole } from "@headroom/domain/permissions";
import { uuidv7 } from "@headroom/platform/uuid";
import { recordChange } from "../changes.ts";
import type { ServiceContext } from "../context.ts";
import { claimDerivedSlug } from "../organization-creation.ts";
import { readFields, toColumns } from "../organization-fields.ts";
import { toIdentity } from "./check.ts";
import { identityKey, type RecordOf } from "./records.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

/** How many of some lines were new, and how many were there already and left as they are. */
export interface Tally {
  created: number;
  existing: number;
}

/** Makes the accounts of users who have none. Whoever has one keeps it as it is. @param context `db` as hr_api */
export async function importUsers(
  { db }: Context,
  users: readonly RecordOf<"user">[],
  { dryRun }: { dryRun: boolean },
): Promise<Tally> {
  if (dryRun) {
    const known = await Promise.all(users.map((user) => findAccountByIdentity(db, user)));
    const existing = known.filter((account) => account !== null).length;
    return { created: users.length - existing, existing };
  }
  const accounts = users.map(({ issuer, subject, email, emailVerified = false, name = null }) => ({
    id: uuidv7(),
    issuer,
    subject,
    email: email === undefined ? null : parseEmail(email),
    emailVerified,
    name,
  }));
  // In one order for all: two imports at once do not wait for each other in a circle.
  accounts.sort((a, b) => compare(identityKey(a), identityKey(b)));
  const created = await withSystem(db, async (tx) => insertAccounts(tx, accounts, await readClock(tx)));
  return { created, existing: users.length - created };
}

/**
 * Makes organizations with their owners, each at once with its owner; those that came before under the same external id
 * are left as they are. Answers the external ids of the new ones.
 * @param top who gets the top role, by external id
 * @param context `db` as hr_api @throws DomainError slug_taken when somebody has taken one since the file was checked
 */
export async function importOrganizations(
  context: Context,
  organizations: readonly RecordOf<"organization">[],
  options: { dryRun: boolean; operator: Actor; top: ReadonlyMap<string, string> },
): Promise<string[]> {
  const { db } = context;
  const known = await findReferences(
    db.kysely,
    organizations.map(({ externalId }) => externalId),
  );
  // In one order for all, as the accounts are.
  const wanted = organizations
    .filter(({ externalId }) => !known.has(externalId))
    .sort((a, b) => compare(a.externalId, b.externalId));
  if (!options.dryRun && wanted.length > 0) {
    const owners = await Promise.all(wanted.map((one) => ownerOf(context, one, options.top)));
    await withSystem(db, async (tx) => {
      for (const [index, organization] of wanted.entries()) {
        await found(context, tx, organization, { userId: owners[index] ?? "", operator: options.operator });
      }
    });
  }
  return wanted.map(({ externalId }) => externalId);
}

async function ownerOf(
  { db }: Context,
  { externalId }: RecordOf<"organization">,
  top: ReadonlyMap<string, string>,
): Promise<string> {
  const account = await findAccountByIdentity(db, toIdentity(top.get(externalId) ?? "[]"));
  if (account === null) {
    throw new Error(`the owner of ${externalId} has no account any more: run the import again`);
  }
  return account.id;
}

async function found(
  { configuration }: Context,
  tx: Tx,
  { externalId, kind: _kind, name: given, timeZone, billingEmail, ...fields }: RecordOf<"organization">,
  { userId, operator }: { userId: string; operator: Actor },
): Promise<void> {
  const id = uuidv7();
  await enterOrganization(tx, id);
  const settings = { timeZone, billingEmail };
  const { name = "", slug, ...more } = await readFields(tx, { ...fields, name: given, settings });
  const now = await readClock(tx);
  await insertOrganization(tx, {
    id,
    name,
    slug: slug ?? deriveSlug(name),
    ...toColumns(more),
    created_by: userId,
    created_at: now,
    updated_at: now,
  });
  if (!(await claimReference(tx, id, externalId))) {
    throw new Error(`another import has just brought ${externalId}: run this one again`);
  }
  if (slug === undefined) {
    await claimDerivedSlug(tx, id, deriveSlug(name));
  } else if (!(await claimSlug(tx, id, slug))) {
    throw new DomainError("slug_taken", `The slug ${slug} is taken.`, { slug });
  }
  if (!(await insertBaseSubscription(tx, id, now))) {
    throw new Error("the catalogue has no default plan: run `headroom plans push`");
  }
  const role = topRole(configuration.policies);
  await insertMembers(tx, id, [{ id: uuidv7(), userId, role }], now);
  await settleMembers(tx, id, [{ userId, emailFolded: null }], now);
  await recordChange(tx, {
    organizationId: id,
    actor: operator,
    audit: { action: "organization.created", target: encodeId("org", id), data: { name, role } },
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
