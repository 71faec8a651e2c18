import type { InvitedRole, InviteStatus } from "@headroom/domain/invites";
import type { Role } from "@headroom/domain/permissions";
import type { SeatCounts } from "@headroom/domain/seats";
import { type RawBuilder, sql } from "kysely";
import { type ChangeRecord, changeCall } from "./changes.ts";
import { clock } from "./clock.ts";
import { seatCounts } from "./seats.ts";
import type { Tx } from "./tenancy.ts";

/** What is known of an address when it is invited. */
export interface AddressRow {
  folded: string;
  /** An account with this address, whatever its case, is a member. */
  isMember: boolean;
  /** The invite that is pending in the table, and whether it can be accepted still. */
  pending: { id: string; isOpen: boolean } | null;
  hasAccount: boolean;
  /** Accounts that have verified this address; a few of them, when there are many. */
  verified: { userId: string; email: string }[];
}

export interface InviteFacts {
  at: Date;
  seats: SeatCounts;
  addresses: AddressRow[];
}

/** Everything that inviting these folded addresses depends on, in one statement: exact under the organization's lock. */
export async function readInviteFacts(
  tx: Tx,
  organizationId: string,
  folded: readonly string[],
): Promise<InviteFacts> {
  const { rows } = await sql<InviteFacts>`${clock}
    select clock.now as at, ${seatCounts(organizationId)} as seats, (
      select coalesce(jsonb_agg(${addressOf(organizationId)}), '[]')
      from (select distinct text as folded from unnest(${folded}::text[]) as given (text)) as address
    ) as addresses
    from clock`.execute(tx);
  return rows[0] as InviteFacts;
}

/** True for an account `a` that has the address `address.folded`. */
// Folding turns İ into two letters and lower() into one or none, by the locale; the first condition is for the index.
export const isAddressOf = sql`(
  lower(a.email) in (lower(address.folded), lower(replace(address.folded, ${"i\u0307"}, ${"\u0130"})))
  and lower(replace(a.email, ${"\u0130"}, ${"i\u0307"})) = lower(address.folded))`;

function addressOf(organizationId: string): RawBuilder<AddressRow> {
  return sql`jsonb_build_object(
    'folded', address.folded,
    'isMember', exists (
      select from account a join membership m on m.organization_id = ${organizationId} and m.user_id = a.id
      where ${isAddressOf}),
    'pending', (
      select jsonb_build_object('id', i.id, 'isOpen', i.expires_at > (select now from clock)) from invite i
      where i.organization_id = ${organizationId} and i.email_folded = address.folded and i.status = 'pending'),
    'hasAccount', exists (select from account a where ${isAddressOf}),
    'verified', (
      select coalesce(jsonb_agg(jsonb_build_object('userId', one.id, 'email', one.email)), '[]') from (
        select a.id, a.email from account a
        where ${isAddressOf} and a.email_verified limit 5) as one))`;
}

/** What accepting an invite depends on. */
export interface AcceptanceFacts {
  at: Date;
  seats: SeatCounts;
  invite: {
    emailFolded: string;
    role: InvitedRole;
    status: InviteStatus;
    /** Hexadecimal. */
    tokenHash: string;
    acceptedBy: string | null;
    expiresAt: string;
  } | null;
  account: { email: string | null; emailVerified: boolean; activeOrganizationId: string | null } | null;
  membership: { id: string; role: Role } | null;
}

/**
 * All of it in one statement; exact when an earlier one has locked the organization. The account is kept from being erased
 * until the transaction ends.
 */
export async function readAcceptanceFacts(
  tx: Tx,
  organizationId: string,
  { inviteId, userId }: { inviteId: string; userId: string },
): Promise<AcceptanceFacts> {
  const { rows } = await sql<AcceptanceFacts>`${clock}
    select clock.now as at, ${seatCounts(organizationId)} as seats,
      (select jsonb_build_object('emailFolded', i.email_folded, 'role', i.role, 'status', i.status,
          'tokenHash', encode(i.token_hash, 'hex'), 'acceptedBy', i.accepted_by, 'expiresAt', i.expires_at)
        from invite i where i.organization_id = ${organizationId} and i.id = ${inviteId}) as invite,
      (select jsonb_build_object('email', a.email, 'emailVerified', a.email_verified,
          'activeOrganizationId', a.active_organization_id)
        from account a where a.id = ${userId} for key share) as account,
      (select jsonb_build_object('id', m.id, 'role', m.role)
        from membership m where m.organization_id = ${organizationId} and m.user_id = ${userId}) as membership
    from clock`.execute(tx);
  return rows[0] as AcceptanceFacts;
}

export interface Acceptance {
  organizationId: string;
  inviteId: string;
  userId: string;
  at: Date;
  /** null: the user is a member already and stays what they are. */
  membership: { id: string; role: Role } | null;
  change: ChangeRecord;
}

/** Ends an invite as accepted: membership, active organization and the change that is told, in one statement. */
export async function writeAcceptance(tx: Tx, acceptance: Acceptance): Promise<void> {
  const { organizationId, inviteId, userId, at, membership, change } = acceptance;
  await sql`
    with joined as (
      insert into membership (organization_id, id, user_id, role, created_at, updated_at)
      select ${organizationId}::uuid, ${membership?.id ?? null}::uuid, ${userId}::uuid, ${membership?.role ?? null}::text,
        ${at}::timestamptz, ${at}::timestamptz
      where ${membership !== null}::boolean
    ), activated as (
      update account set active_organization_id = ${organizationId}::uuid
      where id = ${userId}::uuid and ${membership !== null}::boolean
    ), finished as (
      update invite set status = 'accepted', accepted_by = ${userId}::uuid, updated_at = ${at}::timestamptz
      where organization_id = ${organizationId}::uuid and id = ${inviteId}::uuid
    )
    select ${changeCall(change)}`.execute(tx);
}
