import type { InvitedRole } from "@headroom/domain/invites";
import { sql } from "kysely";
import type { Database } from "./client.ts";
import { clock } from "./clock.ts";
import type { InviteRow } from "./invites.ts";
import type { Tx } from "./tenancy.ts";

export interface NewInvite {
  id: string;
  email: string;
  emailFolded: string;
  role: InvitedRole;
  tokenHash: Buffer;
  invitedBy: string | null;
  /** Accepted from its first moment by this user: no link opens it. null: it is pending. */
  acceptedBy: string | null;
  at: Date;
  expiresAt: Date;
}

/** Writes invites, and the tokens of those that can be accepted. Answers the rows by id. */
export async function insertInvites(
  tx: Tx,
  organizationId: string,
  invites: readonly NewInvite[],
): Promise<Map<string, InviteRow>> {
  if (invites.length === 0) {
    return new Map();
  }
  const rows = await tx
    .insertInto("invite")
    .values(
      invites.map((invite) => ({
        organization_id: organizationId,
        id: invite.id,
        email: invite.email,
        email_folded: invite.emailFolded,
        role: invite.role,
        status: invite.acceptedBy === null ? "pending" : "accepted",
        token_hash: invite.tokenHash,
        invited_by: invite.invitedBy,
        accepted_by: invite.acceptedBy,
        created_at: invite.at,
        updated_at: invite.at,
        expires_at: invite.expiresAt,
      })),
    )
    .returningAll()
    .execute();
  const tokens = invites
    .filter(({ acceptedBy }) => acceptedBy === null)
    .map(({ id, tokenHash }) => ({ token_hash: tokenHash, organization_id: organizationId, invite_id: id }));
  if (tokens.length > 0) {
    await tx.insertInto("invite_token").values(tokens).execute();
  }
  return new Map((rows as InviteRow[]).map((row) => [row.id, row]));
}

/** Gives an invite another link and another expiry, and opens it again if it has expired. The old link is dead. */
export async function renewInvite(
  tx: Tx,
  invite: { organization_id: string; id: string },
  renewal: { version: number; tokenHash: Buffer; at: Date; expiresAt: Date },
): Promise<InviteRow> {
  const { organization_id: organizationId, id } = invite;
  await tx
    .deleteFrom("invite_token")
    .where("organization_id", "=", organizationId)
    .where("invite_id", "=", id)
    .execute();
  await tx
    .insertInto("invite_token")
    .values({ token_hash: renewal.tokenHash, organization_id: organizationId, invite_id: id })
    .execute();
  const row = await tx
    .updateTable("invite")
    .set({
      status: "pending",
      version: renewal.version,
      token_hash: renewal.tokenHash,
      updated_at: renewal.at,
      expires_at: renewal.expiresAt,
    })
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as InviteRow;
}

/** Ends an invite. A revoked one's link opens nothing any more; a declined one's still tells what became of it. */
export async function finishInvite(
  tx: Tx,
  invite: { organization_id: string; id: string },
  end: { status: "revoked" | "declined"; at: Date },
): Promise<void> {
  await tx
    .updateTable("invite")
    .set({ status: end.status, updated_at: end.at })
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

/** Marks pending invites whose time is over: some of them when `ids` names them, else up to `most`. Answers their ids. */
export async function markExpired(
  tx: Tx,
  organizationId: string,
  which: { ids: readonly string[] } | { most: number },
): Promise<string[]> {
  const chosen =
    "ids" in which ? sql`and i.id = any (${which.ids}::uuid[])` : sql`order by i.id limit ${which.most}`;
  const { rows } = await sql<{ id: string }>`${clock}
    update invite set status = 'expired', updated_at = (select now from clock)
    where organization_id = ${organizationId} and id in (
      select i.id from invite i
      where i.organization_id = ${organizationId} and i.status = 'pending'
        and i.expires_at <= (select now from clock) ${chosen})
    returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** Organizations, raw ids, with invites to mark as expired. Needs no transaction. */
export async function listOrganizationsWithExpiredInvites(
  database: Database,
  most: number,
): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    "select id from organizations_with_expired_invites($1) as due (id)",
    [most],
  );
  return rows.map(({ id }) => id);
}
