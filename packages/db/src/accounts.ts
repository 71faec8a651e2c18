import { type Kysely, type Selectable, sql } from "kysely";
import type { Database } from "./client.ts";
import { answersByPlace, coalescedRead } from "./coalesced-reads.ts";
import type { DB } from "./schema.ts";
import { promptly } from "./silence.ts";
import type { Tx } from "./tenancy.ts";

export type AccountRow = Selectable<DB["account"]>;

/** Whose identity an erased account has: no issuer's. */
export const erasedIssuer = "erased";

/** Who a verified credential speaks of. null: the issuer does not say, and what is known stays. */
export interface Identity {
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
}

/** Keys are an issuer and a subject, as JSON. */
const readAccounts = coalescedRead<AccountRow | null>(async ({ pool }, keys) => {
  const identities = keys.map((key) => JSON.parse(key) as [string, string]);
  const { rows } = await pool.query<AccountRow & { place: number }>(
    promptly({
      name: "accounts_of_identities",
      text: `select a.place::integer as place, id, account.issuer, account.subject, email, email_verified, name,
        active_organization_id, created_at, updated_at
      from unnest($1::text[], $2::text[]) with ordinality a (issuer, subject, place)
      join account on account.issuer = a.issuer and account.subject = a.subject`,
      values: [identities.map(([issuer]) => issuer), identities.map(([, subject]) => subject)],
    }),
  );
  return answersByPlace(rows, keys.length);
});

/** Asked afresh, together with other callers'. Accounts belong to no tenant: this needs no transaction of one. */
export function findAccountByIdentity(
  database: Database,
  { issuer, subject }: { issuer: string; subject: string },
): Promise<Readonly<AccountRow> | null> {
  return readAccounts(database, JSON.stringify([issuer, subject]));
}

/** Makes the account, or brings it up to date; two first requests at once meet in one row. Answers its id. */
export async function upsertAccount(
  tx: Tx,
  account: Identity & { id: string; at: Date },
): Promise<{ id: string }> {
  return tx
    .insertInto("account")
    .values({
      id: account.id,
      issuer: account.issuer,
      subject: account.subject,
      email: account.email,
      email_verified: account.email !== null && account.emailVerified,
      name: account.name,
      created_at: account.at,
      updated_at: account.at,
    })
    .onConflict((conflict) =>
      conflict.columns(["issuer", "subject"]).doUpdateSet((eb) => ({
        email: eb.fn.coalesce("excluded.email", "account.email"),
        // Verification is a fact about the address it came with.
        email_verified: eb
          .case()
          .when("excluded.email", "is", null)
          .then(eb.ref("account.email_verified"))
          .else(eb.ref("excluded.email_verified"))
          .end(),
        name: eb.fn.coalesce("excluded.name", "account.name"),
        updated_at: account.at,
      })),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
}

export async function findAccount(db: Kysely<DB>, userId: string): Promise<AccountRow | null> {
  const row = await db.selectFrom("account").selectAll().where("id", "=", userId).executeTakeFirst();
  return row ?? null;
}

export async function setActiveOrganization(tx: Tx, userId: string, organizationId: string): Promise<void> {
  await tx
    .updateTable("account")
    .set({ active_organization_id: organizationId })
    .where("id", "=", userId)
    .where("active_organization_id", "is distinct from", organizationId)
    .execute();
}

/**
 * Makes an organization active for those of the users who have no active one. Locked in one order: organizations that
 * take in the same people at once would wait for each other in a circle.
 */
export async function setFirstActiveOrganizations(
  tx: Tx,
  userIds: readonly string[],
  organizationId: string,
): Promise<void> {
  await sql`
    with idle as materialized (
      select id from account where id = any (${userIds}::uuid[]) and active_organization_id is null
      order by id for no key update
    )
    update account set active_organization_id = ${organizationId} from idle where account.id = idle.id`.execute(
    tx,
  );
}

/** Forgets the active organization of a user who has left it. */
export async function clearActiveOrganization(tx: Tx, userId: string, organizationId: string): Promise<void> {
  await tx
    .updateTable("account")
    .set({ active_organization_id: null })
    .where("id", "=", userId)
    .where("active_organization_id", "=", organizationId)
    .execute();
}
