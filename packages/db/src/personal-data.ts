import { type Kysely, type Selectable, sql } from "kysely";
import { type AccountRow, erasedIssuer } from "./accounts.ts";
import type { InviteRow } from "./invites.ts";
import type { OutboxStatus } from "./outbox.ts";
import type { DB } from "./schema.ts";
import type { OrganizationRow, Tx } from "./tenancy.ts";

/** The organizations, raw ids, that keep something about a person: by their account, or by one of their addresses. */
export async function listOrganizationsAbout(
  db: Kysely<DB>,
  person: { userId: string; addresses: readonly string[] },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select * from organizations_about(${person.userId}, ${[...person.addresses]}::text[]) as id`.execute(db);
  return rows.map(({ id }) => id);
}

/** Accounts with an e-mail address, folded. Several may have the same. */
export async function findAccountsByEmail(db: Kysely<DB>, emailFolded: string): Promise<AccountRow[]> {
  return db
    .selectFrom("account")
    .selectAll()
    .where((eb) => eb(eb.fn("lower", ["email"]), "=", emailFolded))
    .orderBy("id")
    .execute();
}

/**
 * Takes everything that tells who it was from an account that is nobody's member; false, and nothing done, while it is.
 * The id stays: others refer to it. Locked first, so that whoever is about to become a member is seen or comes too late.
 * @param tx of `withUser`
 */
export async function eraseAccount(tx: Tx, userId: string, at: Date): Promise<boolean> {
  await sql`select from account where id = ${userId} for update`.execute(tx);
  const membership = await tx
    .selectFrom("membership")
    .select("id")
    .where("user_id", "=", userId)
    .limit(1)
    .executeTakeFirst();
  if (membership !== undefined) {
    return false;
  }
  await tx
    .updateTable("account")
    .set({
      issuer: erasedIssuer,
      subject: userId,
      email: null,
      email_verified: false,
      name: null,
      active_organization_id: null,
      updated_at: at,
    })
    .where("id", "=", userId)
    .execute();
  return true;
}

/** The organization's row, locked until the transaction ends; a deleted one too. */
export async function lockAnyOrganization(tx: Tx, organizationId: string): Promise<OrganizationRow | null> {
  const row = await tx
    .selectFrom("organization")
    .selectAll()
    .where("id", "=", organizationId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** Invites to one of these addresses, folded, or that the person sent or accepted. */
export async function listInvitesAbout(
  tx: Tx,
  organizationId: string,
  person: { userId: string; addresses: readonly string[] },
): Promise<InviteRow[]> {
  const rows = await tx
    .selectFrom("invite")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where((eb) =>
      eb.or([
        eb(sql<string>`email_folded`, "=", eb.fn.any(eb.val([...person.addresses]))),
        eb("invited_by", "=", person.userId),
        eb("accepted_by", "=", person.userId),
      ]),
    )
    .orderBy("id")
    .execute();
  return rows as InviteRow[];
}

const erasedDomain = "@erased.invalid";

/** True when the invite's address was taken from it. */
export function isErasedInvite({ email }: { email: string }): boolean {
  return email.endsWith(erasedDomain);
}

/** Takes the address from an invite. */
export async function eraseInviteAddress(
  tx: Tx,
  invite: { organization_id: string; id: string },
  at: Date,
): Promise<void> {
  const email = `erased-${invite.id}${erasedDomain}`;
  await tx
    .updateTable("invite")
    .set({ email, email_folded: email, updated_at: at })
    .where("organization_id", "=", invite.organization_id)
    .where("id", "=", invite.id)
    .execute();
}

/** A person's own keys, revoked or not. */
export async function listKeysOf(
  tx: Tx,
  organizationId: string,
  userId: string,
): Promise<Selectable<DB["api_key"]>[]> {
  return tx
    .selectFrom("api_key")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("member_id", "=", userId)
    .orderBy("id")
    .execute();
}

/** Takes the names from a person's own keys. */
export async function eraseKeyNames(tx: Tx, organizationId: string, userId: string): Promise<void> {
  await tx
    .updateTable("api_key")
    .set({ name: "erased" })
    .where("organization_id", "=", organizationId)
    .where("member_id", "=", userId)
    .execute();
}

/** Takes the billing address from an organization. */
export async function clearBillingEmail(tx: Tx, organizationId: string, at: Date): Promise<void> {
  await tx
    .updateTable("organization")
    .set({ settings: sql`settings - 'billingEmail'`, updated_at: at })
    .where("id", "=", organizationId)
    .execute();
}

export interface AuditText {
  seq: number;
  at: Date;
  action: string;
  field: string;
  value: string;
}

/** The text about a person in an organization's audit trail. */
export async function listAuditText(
  tx: Tx,
  organizationId: string,
  person: { userId: string; addresses: readonly string[] },
): Promise<AuditText[]> {
  const { rows } = await sql<AuditText>`
    select p.seq, e.at, e.action, p.field, p.value from audit_personal p
    join audit_entry e on e.organization_id = p.organization_id and e.seq = p.seq
    where p.organization_id = ${organizationId}
      and (p.subject = ${person.userId} or lower(p.value) = any (${[...person.addresses]}::text[]))
    order by p.seq, p.field`.execute(tx);
  return rows;
}

/** Forgets the text about a person in an organization's audit trail; how many fields. As hr_worker. */
export async function eraseAuditText(
  tx: Tx,
  organizationId: string,
  person: { userId: string; addresses: readonly string[] },
): Promise<number> {
  const { rows } = await sql<{ erased: number }>`
    select erase_audit_text(${organizationId}, ${person.userId}, ${[...person.addresses]}::text[]) as erased`.execute(
    tx,
  );
  return rows[0]?.erased ?? 0;
}

export interface OutboxMention {
  id: string;
  status: OutboxStatus;
  payload: object;
}

/** What waits to be sent, or was sent, and holds one of these texts, in whatever case. */
export async function listOutboxWith(
  tx: Tx,
  organizationId: string,
  texts: readonly string[],
): Promise<OutboxMention[]> {
  const { rows } = await sql<OutboxMention>`
    select id, status, payload from outbox where organization_id = ${organizationId} and exists (
      select from unnest(${[...texts]}::text[]) t
      where position(lower(t) in lower(payload::text || coalesce(last_error, ''))) > 0)
    order by id for update`.execute(tx);
  return rows;
}

/** Replaces what a row was to send. */
export async function scrubOutbox(tx: Tx, organizationId: string, row: OutboxMention): Promise<void> {
  await tx
    .updateTable("outbox")
    .set({ payload: JSON.stringify(row.payload), status: row.status, last_error: null })
    .where("organization_id", "=", organizationId)
    .where("id", "=", row.id)
    .execute();
}

/** Stripe's events that hold one of these texts, in whatever case. As hr_worker. */
export async function listInboxWith(
  tx: Tx,
  texts: readonly string[],
): Promise<{ seq: number; payload: object }[]> {
  const { rows } = await sql<{ seq: number; payload: object }>`
    select seq, payload from stripe_inbox where exists (
      select from unnest(${[...texts]}::text[]) t where position(lower(t) in lower(payload::text)) > 0)
    order by seq for update`.execute(tx);
  return rows;
}

/** Replaces what is kept of a Stripe event; everything that counts is refetched. As hr_worker. */
export async function scrubInbox(tx: Tx, row: { seq: number; payload: object }): Promise<void> {
  await tx
    .updateTable("stripe_inbox")
    .set({ payload: JSON.stringify(row.payload) })
    .where("seq", "=", row.seq)
    .execute();
}
