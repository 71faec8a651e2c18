import type { Policies } from "./configuration.ts";
import { DomainError } from "./errors.ts";
import { mayGrant } from "./members.ts";
import type { Role } from "./permissions.ts";
import { invalidField } from "./validation.ts";

export type InviteStatus = "pending" | "accepted" | "declined" | "revoked" | "expired";
export type InvitedRole = "admin" | "member";

const dayMilliseconds = 86_400_000;
// RFC 5321, section 4.5.3.1: 64 octets before the @, and a path of 256 with its brackets.
const longestEmail = 254;
const longestLocalPart = 64;
// RFC 1123, section 2.1, and RFC 5890 for letters of other scripts, which may end in a mark: no hyphen at either end.
const hostLabel = /^[\p{L}\p{N}]([\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?$/u;

/**
 * An e-mail address as it was written, in NFC and without the blanks around it.
 * @throws DomainError validation_failed
 */
export function parseEmail(text: string, path = "email"): string {
  const email = text.normalize("NFC").trim();
  const [local = "", host = "", ...more] = email.split("@");
  const valid =
    more.length === 0 &&
    email.length <= longestEmail &&
    local.length <= longestLocalPart &&
    // Cf: marks that are not seen turn or hide the rest, so that an address looks like another one.
    /^[^\s\p{Cc}\p{Cf}\p{Co}<>()[\]\\,;:"]+$/u.test(local) &&
    host.split(".").every((label) => hostLabel.test(label)) &&
    !`.${local}.`.includes("..");
  if (!valid) {
    throw invalidField(path, "is not an e-mail address");
  }
  return email;
}

/**
 * The form that addresses are compared in: case folded, `+tag` and dots kept. Letter by letter: what a sigma becomes
 * must not depend on what follows it.
 */
export function foldEmail(email: string): string {
  return [...email.normalize("NFC")].map((letter) => letter.toLowerCase()).join("");
}

/** `james@acme.com` → `j***@acme.com`: enough to recognize one's own address. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf("@");
  const [first = ""] = email;
  return `${first}***${email.slice(at)}`;
}

/** Milliseconds that an invite can be accepted for. */
export function inviteLifetime(policies: Policies): number {
  return policies.invites.ttlDays * dayMilliseconds;
}

/** The status at an instant: a pending invite expires by itself. Both instants in milliseconds since 1970. */
export function statusAt(status: InviteStatus, expiresAt: number, now: number): InviteStatus {
  return status === "pending" && expiresAt <= now ? "expired" : status;
}

/**
 * The role to invite to: as asked, `member` when nothing is asked and `invites.roleRequired` allows that.
 * @throws DomainError validation_failed, invalid_role, forbidden for a role above the inviter's
 */
export function decideInviteRole(asked: Role | undefined, acting: Role, policies: Policies): InvitedRole {
  if (asked === undefined && policies.invites.roleRequired) {
    throw invalidField("role", "is required");
  }
  const role = asked ?? "member";
  if (role === "owner") {
    throw new DomainError("invalid_role", "Nobody is invited as owner; ownership is transferred.");
  }
  if (!mayGrant(acting, role)) {
    throw new DomainError("forbidden", "A role above your own is not yours to give.", { role });
  }
  return role;
}

/**
 * An invite is for the person whose verified address it was sent to.
 * @throws DomainError invite_email_mismatch, email_not_verified
 */
export function assertInvitee(
  emailFolded: string,
  account: { email: string | null; emailVerified: boolean },
): void {
  if (account.email === null || foldEmail(account.email) !== emailFolded) {
    throw new DomainError("invite_email_mismatch", "This invite is for another e-mail address.");
  }
  if (!account.emailVerified) {
    throw new DomainError("email_not_verified", "Verify your e-mail address first.");
  }
}

/**
 * What a user who opens the link comes to: `member_already` when this invite has made them one, `join`, or `close` for
 * somebody who is a member without it: they stay what they are and the invite ends.
 * @throws DomainError invite_expired, invite_not_pending
 */
export function decideAcceptance(
  invite: { status: InviteStatus; acceptedBy: string | null },
  user: { id: string; isMember: boolean },
): "member_already" | "join" | "close" {
  if (invite.status === "accepted" && invite.acceptedBy === user.id && user.isMember) {
    return "member_already";
  }
  assertPending(invite.status);
  return user.isMember ? "close" : "join";
}

/** @throws DomainError invite_expired, invite_not_pending */
export function assertPending(status: InviteStatus): void {
  if (status === "expired") {
    throw new DomainError("invite_expired", "This invite has expired.");
  }
  if (status !== "pending") {
    throw new DomainError("invite_not_pending", "This invite is not open any more.", { status });
  }
}
