import type { InvitedRole, InviteStatus } from "@headroom/domain/invites";
import { type Kysely, type Selectable, sql } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

export type InviteRow = Omit<Selectable<DB["invite"]>, "role" | "status"> & {
  role: InvitedRole;
  status: InviteStatus;
};

export interface NewInvite {
  organizationId: string;
  id: string;
  email: string;
  emailFolded: string;
  role: InvitedRole;
  tokenHash: Buffer;
  invitedBy: string | null;
  at: Date;
  expiresAt: Date;
}

export async function insertInvite(tx: Tx, invite: NewInvite): Promise<InviteRow> {
  const row = await tx
    .insertInto("invite")
    .values({
      organization_id: invite.organizationId,
      id: invite.id,
      email: invite.email,
      email_folded: invite.emailFolded,
      role: invite.role,
      status: "pending",
      token_hash: invite.tokenHash,
      invited_by: invite.invitedBy,
      created_at: invite.at,
      updated_at: invite.at,
      expires_at: invite.expiresAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await tx
    .insertInto("invite_token")
    .values({
      token_hash: invite.tokenHash,
      organization_id: invite.organizationId,
      invite_id: invite.id,
    })
    .execute();
  return row as InviteRow;
}

/** The invite that a token opens, in whatever organization; null when there is none. Needs no transaction. */
export async function findInviteByToken(
  db: Kysely<DB>,
  tokenHash: Buffer,
): Promise<{ organizationId: string; inviteId: string } | null> {
  const { rows } = await sql<{ organizationId: string; inviteId: string }>`
    select organization_id as "organizationId", invite_id as "inviteId"
    from resolve_invite_token(${tokenHash})`.execute(db);
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

/** The invite of a folded address that is pending in the table, expired or not. */
export async function findPendingInvite(
  tx: Tx,
  organizationId: string,
  emailFolded: string,
): Promise<InviteRow | null> {
  const row = await tx
    .selectFrom("invite")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("email_folded", "=", emailFolded)
    .where("status", "=", "pending")
    .executeTakeFirst();
  return (row as InviteRow | undefined) ?? null;
}

/** Invites that can be accepted at an instant, oldest first, after an id. */
export async function listOpenInvites(
  tx: Tx,
  organizationId: string,
  page: { at: Date; after: string | null; limit: number },
): Promise<InviteRow[]> {
  const rows = await tx
    .selectFrom("invite")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("status", "=", "pending")
    .where("expires_at", ">", page.at)
    .$if(page.after !== null, (query) => query.where("id", ">", page.after))
    .orderBy("id")
    .limit(page.limit)
    .execute();
  return rows as InviteRow[];
}

/** How many invites can be accepted at an instant: an expired one stops counting at once. */
export async function countOpenInvites(tx: Tx, organizationId: string, at: Date): Promise<number> {
  const row = await tx
    .selectFrom("invite")
    .select((eb) => eb.fn.countAll<number>().as("open"))
    .where("organization_id", "=", organizationId)
    .where("status", "=", "pending")
    .where("expires_at", ">", at)
    .executeTakeFirstOrThrow();
  return row.open;
}

/** Ends an invite. A revoked one's link opens nothing any more; the others' links still tell what became of them. */
export async function finishInvite(
  tx: Tx,
  invite: { organization_id: string; id: string },
  end: { status: "accepted" | "revoked" | "expired"; acceptedBy?: string; at: Date },
): Promise<void> {
  await tx
    .updateTable("invite")
    .set({ status: end.status, accepted_by: end.acceptedBy ?? null, updated_at: end.at })
    .where("organization_id", "=", invite.organization_id)
    .where("id", "=", invite.id)
    .execute();
  if (end.status === "revoked") {
    await tx
      .deleteFrom("invite_token")
      .where("organization_id", "=", invite.organization_id)
      .where("invite_id", "=", invite.id)
      .execute();
  }
}
