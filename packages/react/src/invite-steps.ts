/** What whoever opened an invite's link can do next. */
export type InviteStep =
  | "signIn"
  | "accept"
  | "otherAddress"
  | "unverified"
  | "full"
  | "expired"
  | "accepted"
  | "declined"
  | "gone";

/** What `invites.preview` answers, as far as it decides. */
export type PreviewedInvite = {
  organization: { name: string };
  invitedBy: { name: string } | null;
  role: "admin" | "member";
  /** Masked. */
  email: string;
  expiresAt: string;
  state: "pending" | "accepted" | "declined" | "revoked" | "expired";
};

const stepOfRefusal: Readonly<Record<string, InviteStep>> = {
  invite_email_mismatch: "otherAddress",
  email_not_verified: "unverified",
  seat_limit_reached: "full",
  invite_expired: "expired",
  invite_not_found: "gone",
  organization_not_found: "gone",
};

/**
 * Where somebody stands with an invite.
 * @param facts `invite`: null when the link opens nothing (404); `account`: who is signed in; `refusal`: the code that
 *   `invites.accept` was refused with
 */
export function inviteStep(facts: {
  invite: PreviewedInvite | null;
  account: { email: string | null; emailVerified: boolean } | null;
  refusal?: string | null;
}): InviteStep {
  const { invite, account, refusal } = facts;
  if (invite === null) return "gone";
  if (invite.state === "revoked") return "gone";
  if (invite.state !== "pending") return invite.state;
  const refused = stepOfRefusal[refusal ?? ""];
  if (refused !== undefined) return refused;
  if (account === null) return "signIn";
  if (!canBe(account.email, invite.email)) return "otherAddress";
  return account.emailVerified ? "accept" : "unverified";
}

/** Whether a masked address can be this one: `j***@acme.com` and `James@acme.com`. */
function canBe(email: string | null, masked: string): boolean {
  if (email === null) return false;
  const address = fold(email);
  return `${[...address][0] ?? ""}***${address.slice(address.lastIndexOf("@"))}` === fold(masked);
}

// Letter by letter, as the api compares addresses.
function fold(email: string): string {
  return [...email.normalize("NFC")].map((letter) => letter.toLowerCase()).join("");
}
