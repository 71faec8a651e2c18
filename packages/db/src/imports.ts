import { sql } from "kysely";
import type { Identity } from "./accounts.ts";
import { isAddressOf } from "./invite-facts.ts";
import type { Tx } from "./tenancy.ts";

/** Makes the accounts that are not there yet, and leaves the others as they are. Answers how many were made. As hr_api. */
export async function insertAccounts(
  tx: Tx,
  accounts: readonly (Identity & { id: string })[],
  at: Date,
): Promise<number> {
  const made = await tx
    .insertInto("account")
    .values(
      accounts.map(({ id, issuer, subject, email, emailVerified, name }) => ({
        id,
        issuer,
        subject,
        email,
        email_verified: email !== null && emailVerified,
        name,
        created_at: at,
        updated_at: at,
      })),
    )
    .onConflict((conflict) => conflict.columns(["issuer", "subject"]).doNothing())
    .returning("id")
    .execute();
  return made.length;
}

/** Adds the members that are not there yet; answers their user ids. The caller holds the organization's lock. */
export async function insertMembers(
  tx: Tx,
  organizationId: string,
  members: readonly { id: string; userId: string; role: string }[],
  at: Date,
): Promise<string[]> {
  if (members.length === 0) {
    return [];
  }
  const added = await tx
    .insertInto("membership")
    .values(
      members.map(({ id, userId, role }) => ({
        organization_id: organizationId,
        id,
        user_id: userId,
        role,
        created_at: at,
        updated_at: at,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning("user_id")
    .execute();
  return added.map(({ user_id: userId }) => userId);
}

/** Makes the organization the active one of those who have none, and accepts the invites that waited for them there. */
export async function settleMembers(
  tx: Tx,
  organizationId: string,
  members: readonly { userId: string; emailFolded: string | null }[],
  at: Date,
): Promise<void> {
  const userIds = members.map(({ userId }) => userId);
  const addresses = members.map(({ emailFolded }) => emailFolded);
  await sql`update account set active_organization_id = ${organizationId}
    where id = any (${userIds}::uuid[]) and active_organization_id is null`.execute(tx);
  await sql`
    with settled as (
      update invite i set status = 'accepted', accepted_by = a.id, updated_at = ${at}
        from unnest(${userIds}::uuid[], ${addresses}::text[]) a (id, folded)
        where i.organization_id = ${organizationId} and i.status = 'pending' and i.email_folded = a.folded
        returning i.id)
    delete from invite_token t using settled s
      where t.organization_id = ${organizationId} and t.invite_id = s.id`.execute(tx);
}

/** Who is a member already, of these users. */
export async function listMembersAmong(
  tx: Tx,
  organizationId: string,
  userIds: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ userId: string }>`
    select user_id as "userId" from membership
    where organization_id = ${organizationId} and user_id = any (${[...userIds]}::uuid[])`.execute(tx);
  return rows.map(({ userId }) => userId);
}

/** The folded addresses, of these, that a member has or a pending invite, expired or not, waits for. */
export async function listKnownAddresses(
  tx: Tx,
  organizationId: string,
  folded: readonly string[],
): Promise<string[]> {
  const { rows } = await sql<{ address: string }>`
    select address.folded as address from unnest(${[...folded]}::text[]) address (folded)
    where exists (
        select from invite i where i.organization_id = ${organizationId} and i.status = 'pending'
          and i.email_folded = address.folded)
      or exists (
        select from membership m join account a on a.id = m.user_id
          where m.organization_id = ${organizationId} and ${isAddressOf})`.execute(tx);
  return rows.map(({ address }) => address);
}

export interface OpeningUsageRow {
  meter: string;
  quantity: number;
  eventId: string;
  occurredAt: Date;
  recorded: boolean;
}

/** What an organization came with; written once, and answered as it was written first. */
export async function noteOpeningUsage(
  tx: Tx,
  organizationId: string,
  usage: Omit<OpeningUsageRow, "recorded"> & { at: Date },
): Promise<OpeningUsageRow> {
  await tx
    .insertInto("opening_usage")
    .values({
      organization_id: organizationId,
      meter: usage.meter,
      quantity: usage.quantity,
      event_id: usage.eventId,
      occurred_at: usage.occurredAt,
      imported_at: usage.at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return openingUsage(tx, organizationId).where("meter", "=", usage.meter).executeTakeFirstOrThrow();
}

/** What an organization came with, of every meter. */
export async function listOpeningUsage(tx: Tx, organizationId: string): Promise<OpeningUsageRow[]> {
  return openingUsage(tx, organizationId).execute();
}

/** Its event is written. */
export async function markOpeningUsage(tx: Tx, organizationId: string, meter: string): Promise<void> {
  await tx
    .updateTable("opening_usage")
    .set({ recorded: true })
    .where("organization_id", "=", organizationId)
    .where("meter", "=", meter)
    .execute();
}

function openingUsage(tx: Tx, organizationId: string) {
  return tx
    .selectFrom("opening_usage")
    .select(["meter", "quantity", "event_id as eventId", "occurred_at as occurredAt", "recorded"])
    .where("organization_id", "=", organizationId);
}
