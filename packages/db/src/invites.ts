import type { InvitedRole, InviteStatus } from "@headroom/domain/invites";
import { type RawBuilder, type Selectable, sql } from "kysely";
import type { Database } from "./client.ts";
import { clock } from "./clock.ts";
import type { OutboxStatus } from "./outbox.ts";
import type { DB } from "./schema.ts";
import { promptly } from "./silence.ts";
import type { Tx } from "./tenancy.ts";

export type InviteRow = Omit<Selectable<DB["invite"]>, "role" | "status"> & {
  role: InvitedRole;
  status: InviteStatus;
};

/** The key of an invite's mail in the outbox: one for each link. `listedInvite` says the same in SQL. */
export function deliveryKey(invite: { id: string; version: number }): string {
  return `invite:${invite.id}:${invite.version}`;
}

/** An invite as lists show it. Times are ISO 8601, with whatever offset the session has. */
export interface ListedInvite {
  id: string;
  organizationId: string;
  email: string;
  role: InvitedRole;
  status: InviteStatus;
  version: number;
  /** Hexadecimal. */
  tokenHash: string;
  invitedBy: string | null;
  /** The membership of the user who accepted, if they still have one. */
  membershipId: string | null;
  createdAt: string;
  expiresAt: string;
  /** null: there is no mail for it. */
  delivery: OutboxStatus | null;
}

/** The row `i` of `invite` as a `ListedInvite`. */
const listedInvite: RawBuilder<ListedInvite> = sql`jsonb_build_object(
  'id', i.id, 'organizationId', i.organization_id, 'email', i.email, 'role', i.role, 'status', i.status,
  'version', i.version, 'tokenHash', encode(i.token_hash, 'hex'), 'invitedBy', i.invited_by,
  'membershipId', (
    select m.id from membership m where m.organization_id = i.organization_id and m.user_id = i.accepted_by),
  'createdAt', i.created_at, 'expiresAt', i.expires_at,
  'delivery', (
    select o.status from outbox o where o.organization_id = i.organization_id
      and o.dedupe_key = 'invite:' || i.id || ':' || i.version))`;

/** Invites by id, whatever their status; those that are not there are left out. */
export async function readInvites(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<Map<string, ListedInvite>> {
  const { rows } = await sql<{ invite: ListedInvite }>`
    select ${listedInvite} as invite from invite i
    where i.organization_id = ${organizationId} and i.id = any (${ids}::uuid[])`.execute(tx);
  return new Map(rows.map(({ invite }) => [invite.id, invite]));
}

/** Invites that can be accepted now, oldest first, after an id. */
export async function listOpenInvites(
  tx: Tx,
  organizationId: string,
  page: { after: string | null; limit: number },
): Promise<ListedInvite[]> {
  const { rows } = await sql<{ invite: ListedInvite }>`${clock}
    select ${listedInvite} as invite from invite i
    where i.organization_id = ${organizationId} and i.status = 'pending'
      and i.expires_at > (select now from clock) and (${page.after}::uuid is null or i.id > ${page.after})
    order by i.id limit ${page.limit}`.execute(tx);
  return rows.map(({ invite }) => invite);
}

/** The invite that a token opens, in whatever organization; null when there is none. Needs no transaction. */
export async function findInviteByToken(
  { pool }: Database,
  tokenHash: Buffer,
): Promise<{ organizationId: string; inviteId: string } | null> {
  const { rows } = await pool.query<{ organizationId: string; inviteId: string }>(
    promptly({
      text: `select organization_id as "organizationId", invite_id as "inviteId" from resolve_invite_token($1)`,
      values: [tokenHash],
    }),
  );
  return rows[0] ?? null;
}

export async function findInvite(
  tx: Tx,
  organizationId: string,
  inviteId: string,
): Promise<InviteRow | null> {
  const row = await tx
    .selectFrom("invite")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("id", "=", inviteId)
    .executeTakeFirst();
  return (row as InviteRow | undefined) ?? null;
}
