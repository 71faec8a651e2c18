import { findInviteByToken } from "@headroom/db/invites";
import type { ServiceContext } from "./context.ts";
import { inviteNotFound } from "./invite-views.ts";
import { hashSecret } from "./secrets.ts";

/** Where a token leads. Raw ids. */
export interface OpenedToken {
  organizationId: string;
  inviteId: string;
  hash: Buffer;
}

/** @throws DomainError invite_not_found */
export async function resolveToken(context: Pick<ServiceContext, "db">, token: string): Promise<OpenedToken> {
  const hash = hashSecret(token);
  const found = await findInviteByToken(context.db, hash);
  if (found === null) {
    throw inviteNotFound();
  }
  return { ...found, hash };
}

/**
 * The invite, read after the lock, if the token still opens it: it may have been revoked or resent meanwhile.
 * @param tokenHash hexadecimal
 * @throws DomainError invite_not_found
 */
export function assertOpens<Invite extends { status: string; tokenHash: string }>(
  { hash }: OpenedToken,
  invite: Invite | null | undefined,
): Invite {
  if (invite === null || invite === undefined) {
    throw inviteNotFound();
  }
  if (invite.status === "revoked" || invite.tokenHash !== hash.toString("hex")) {
    throw inviteNotFound();
  }
  return invite;
}
