import { type AccountRow, findAccount, findAccountByIdentity } from "@headroom/db/accounts";
import {
  findAccountsByEmail,
  isErasedInvite,
  listInvitesAbout,
  listOrganizationsAbout,
} from "@headroom/db/personal-data";
import { withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { decodeId, encodeId } from "@headroom/domain/ids";
import { foldEmail } from "@headroom/domain/invites";
import type { ServiceContext } from "./context.ts";

type Context = Pick<ServiceContext, "db">;

/** A person with an account, and where something about them is kept. */
export interface PersonTrace {
  account: AccountRow;
  userId: string;
  /** Folded and as written: the account's, and those of the invites that they accepted. */
  addresses: string[];
  /** Raw ids, in order. */
  organizationIds: string[];
}

/**
 * The account that an operator names: `usr_…`, `issuer|subject`, or an e-mail address that one account alone has.
 * @throws DomainError user_not_found, validation_failed when several accounts have the address
 */
export async function findPerson({ db }: Context, reference: string): Promise<AccountRow> {
  const id = decodeId("usr", reference);
  const bar = reference.lastIndexOf("|");
  if (id !== null) {
    return found(await findAccount(db.kysely, id));
  }
  if (bar > 0) {
    const identity = { issuer: reference.slice(0, bar), subject: reference.slice(bar + 1) };
    return found(await findAccountByIdentity(db, identity));
  }
  const accounts = await findAccountsByEmail(db.kysely, foldEmail(reference));
  if (accounts.length > 1) {
    const ids = accounts.map((account) => encodeId("usr", account.id));
    throw new DomainError("validation_failed", `Several accounts have this address: ${ids.join(", ")}.`, {
      issues: ids.map((id) => ({ path: "", message: `is the address of ${id}` })),
    });
  }
  return found(accounts[0] ?? null);
}

function found(account: AccountRow | null): AccountRow {
  if (account === null) {
    throw new DomainError("user_not_found", "There is no such user.");
  }
  return account;
}

/** Where something about a person is kept. @param context `db` as hr_worker */
export async function tracePerson({ db }: Context, account: AccountRow): Promise<PersonTrace> {
  const userId = account.id;
  const written = new Set(account.email === null ? [] : [account.email]);
  for (const id of await listOrganizationsAbout(db.kysely, { userId, addresses: spellings(written) })) {
    const invites = await withOrganization(db, id, (tx) =>
      listInvitesAbout(tx, id, { userId, addresses: [] }),
    );
    for (const invite of invites.filter((one) => one.accepted_by === userId && !isErasedInvite(one))) {
      written.add(invite.email);
    }
  }
  const addresses = spellings(written);
  return {
    account,
    userId,
    addresses,
    organizationIds: await listOrganizationsAbout(db.kysely, { userId, addresses }),
  };
}

// The database lowers A to Z only where its locale is C, so each address is looked for in every form it may take.
function spellings(written: ReadonlySet<string>): string[] {
  const forms = [...written].flatMap((address) => [
    address,
    foldEmail(address),
    address.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  ]);
  return [...new Set(forms)];
}
