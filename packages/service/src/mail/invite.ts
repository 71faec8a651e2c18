import type { InvitedRole } from "@headroom/domain/invites";
import { layOut, type RenderedMail, readableTime } from "./layout.ts";

export interface InviteMailFacts {
  /** Raw id and version: the mail goes out only while this link is the open one. */
  inviteId: string;
  version: number;
  organizationName: string;
  /** null: the invite came from a key. */
  inviterName: string | null;
  role: InvitedRole;
  link: string;
  /** ISO 8601. */
  expiresAt: string;
}

/** The mail that carries an invite's link. */
export function renderInviteMail(facts: InviteMailFacts): RenderedMail {
  const { organizationName, inviterName, link } = facts;
  const role = facts.role === "admin" ? "an admin" : "a member";
  const subject = `Join ${organizationName}`;
  const opening =
    inviterName === null
      ? `You are invited to join ${organizationName} as ${role}.`
      : `${inviterName} invites you to join ${organizationName} as ${role}.`;
  const closing = `The link works until ${readableTime(facts.expiresAt)} and for this address only. If you do not expect it, you need do nothing.`;
  return layOut({ subject, opening, action: "Accept the invite", link, closing });
}
