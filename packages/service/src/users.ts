import {
  type AccountRow,
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
import type { Scope } from "@headroom/domain/permissions";
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
}

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
  const known = await findAccountByIdentity(context.db.kysely, identity);
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

/** @throws DomainError user_not_found */
export async function getUser(context: Context, userId: string): Promise<OwnUserView> {
  const account = await findAccount(context.db.kysely, userId);
  if (account === null) {
    throw new DomainError("user_not_found", "There is no such user.");
  }
  return {
    id: encodeId("usr", account.id),
    email: account.email,
    emailVerified: account.email_verified,
    name: account.name,
    activeOrganizationId:
      account.active_organization_id === null ? null : encodeId("org", account.active_organization_id),
  };
}

/** The raw id of the organization that the user works in, or null. */
export async function findActiveOrganization(context: Context, userId: string): Promise<string | null> {
  const account = await findAccount(context.db.kysely, userId);
  return account?.active_organization_id ?? null;
}

/** Who calls. @throws DomainError forbidden for an operator, who has no account */
export async function getCaller(context: Context, actor: Actor): Promise<CallerView> {
  switch (actor.kind) {
    case "user":
      return { kind: "user", user: await getUser(context, actor.userId) };
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
        onBehalfOf: actor.onBehalfOf === null ? null : await getUser(context, actor.onBehalfOf),
      };
    case "operator":
      throw new DomainError("forbidden", "This call needs a signed-in user or a key.");
  }
}
