import {
  type AccountRow,
  erasedIssuer,
  findAccount,
  findAccountByIdentity,
  type Identity,
  upsertAccount,
} from "@headroom/db/accounts";
import { readClock } from "@headroom/db/clock";
import { withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { foldEmail, parseEmail } from "@headroom/domain/invites";
import type { Scope } from "@headroom/domain/permissions";
import { invalidField } from "@headroom/domain/validation";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";

type Context = Pick<ServiceContext, "db">;

/** A user as they see themselves. */
export interface OwnUserView {
  id: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
  activeOrganizationId: string | null;
  /** Listed as an operator: acts as one where they say so. */
  operator: boolean;
}

/** Who may act as operators: `issuer|subject` of each. */
export type Operators = ReadonlySet<string>;

/** The caller, as the credential names them. */
export type CallerView =
  | { kind: "user"; user: OwnUserView }
  | { kind: "organization_key"; keyId: string; organizationId: string; scopes: Scope[] }
  | { kind: "platform_key"; keyId: string; scopes: Scope[]; onBehalfOf: OwnUserView | null };

/**
 * The account behind a verified identity, made at its first sign-in. What the issuer says now replaces what was known;
 * the row is written only when something changed.
 */
export async function ensureUser(context: Context, identity: Identity): Promise<{ userId: string }> {
  const known = await findAccountByIdentity(context.db, identity);
  if (known !== null && isUpToDate(known, identity)) {
    return { userId: known.id };
  }
  const { id } = await withSystem(context.db, async (tx) =>
    upsertAccount(tx, { ...identity, id: uuidv7(), at: await readClock(tx) }),
  );
  return { userId: id };
}

function isUpToDate(account: AccountRow, { email, emailVerified, name }: Identity): boolean {
  const sameEmail = email === null || (email === account.email && emailVerified === account.email_verified);
  return sameEmail && (name === null || name === account.name);
}

/** A user as the SaaS's own back end sees them. */
export interface UserView {
  id: string;
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface UserInput {
  issuer: string;
  subject: string;
  /** Absent: what is known stays. */
  email?: string | undefined;
  /** Absent: as it is known of the same address, else false. */
  emailVerified?: boolean | undefined;
  name?: string | undefined;
}

/**
 * Makes the account of an identity before its first sign-in, or brings it up to date. The SaaS vouches for what it says.
 * @throws DomainError validation_failed for an issuer that is not configured
 */
export async function upsertUser(
  context: Pick<ServiceContext, "db" | "configuration">,
  input: UserInput,
): Promise<UserView> {
  const { issuer, subject, name = null } = input;
  if (!context.configuration.issuers.some((known) => known.issuer === issuer)) {
    throw invalidField("issuer", "is not an issuer of the configuration");
  }
  if (input.email === undefined && input.emailVerified !== undefined) {
    throw invalidField("emailVerified", "says nothing without an e-mail address");
  }
  const email = input.email === undefined ? null : parseEmail(input.email);
  const known = await findAccountByIdentity(context.db, { issuer, subject });
  const emailVerified = input.emailVerified ?? isVerified(known, email);
  const { userId } = await ensureUser(context, { issuer, subject, email, emailVerified, name });
  return findUser(context, userId);
}

function isVerified(known: AccountRow | null, email: string | null): boolean {
  if (known === null || known.email === null || email === null) {
    return false;
  }
  return known.email_verified && foldEmail(known.email) === foldEmail(email);
}

/** @throws DomainError user_not_found */
export async function findUser(context: Context, userId: string): Promise<UserView> {
  const account = await requireAccount(context, userId);
  return {
    id: encodeId("usr", account.id),
    issuer: account.issuer,
    subject: account.subject,
    email: account.email,
    emailVerified: account.email_verified,
    name: account.name,
    createdAt: account.created_at.toISOString(),
    updatedAt: account.updated_at.toISOString(),
  };
}

async function requireAccount(context: Context, userId: string): Promise<AccountRow> {
  const account = await findAccount(context.db.kysely, userId);
  // What is left of somebody who was erased only keeps the references to it whole: nobody is it, and acts as it.
  if (account === null || account.issuer === erasedIssuer) {
    throw new DomainError("user_not_found", "There is no such user.");
  }
  return account;
}

/** @throws DomainError user_not_found */
export async function getUser(
  context: Context,
  userId: string,
  operators: Operators = new Set(),
): Promise<OwnUserView> {
  const account = await requireAccount(context, userId);
  return {
    id: encodeId("usr", account.id),
    email: account.email,
    emailVerified: account.email_verified,
    name: account.name,
    activeOrganizationId:
      account.active_organization_id === null ? null : encodeId("org", account.active_organization_id),
    operator: operators.has(`${account.issuer}|${account.subject}`),
  };
}

/** The raw id of the organization that the user works in, or null. */
export async function findActiveOrganization(context: Context, userId: string): Promise<string | null> {
  const account = await findAccount(context.db.kysely, userId);
  return account?.active_organization_id ?? null;
}

/** Who calls. @throws DomainError forbidden for an operator, who has no account */
export async function getCaller(context: Context, actor: Actor, operators?: Operators): Promise<CallerView> {
  switch (actor.kind) {
    case "user":
      return { kind: "user", user: await getUser(context, actor.userId, operators) };
    case "organization_key":
      return {
        kind: "organization_key",
        keyId: encodeId("key", actor.keyId),
        organizationId: encodeId("org", actor.organizationId),
        scopes: [...actor.scopes],
      };
    case "platform_key":
      return {
        kind: "platform_key",
        keyId: encodeId("key", actor.keyId),
        scopes: [...actor.scopes],
        // A key never acts as an operator, whomever it acts for.
        onBehalfOf: actor.onBehalfOf === null ? null : await getUser(context, actor.onBehalfOf),
      };
    case "operator":
      throw new DomainError("forbidden", "This call needs a signed-in user or a key.");
  }
}
