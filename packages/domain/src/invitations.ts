import type { Policies } from "./configuration.ts";
import { DomainError } from "./errors.ts";
import { decideInviteRole, foldEmail, type InvitedRole, parseEmail } from "./invites.ts";
import type { Role } from "./permissions.ts";
import { hasRoomForInvite, type SeatCounts, type Seats, seatsOf } from "./seats.ts";

/** One address that is to be invited, as it was asked. */
export interface Invitation {
  /** The id that the invite will have, prefixed. */
  inviteId: string;
  email: string;
  /** `member` when absent, unless `invites.roleRequired`. */
  role?: Role | undefined;
}

/** An invitation that is well formed; whether it stands is decided by the facts. */
export interface Candidate {
  kind: "candidate";
  inviteId: string;
  email: string;
  emailFolded: string;
  role: InvitedRole;
}

interface Refusal {
  kind: "refused";
  error: DomainError;
}

/** What is known of an address in one organization. */
export interface AddressFacts {
  isMember: boolean;
  /** The invite of this address that can be accepted, prefixed id. */
  openInviteId: string | null;
  hasAccount: boolean;
  /** Users who have verified this address. */
  verifiedUserIds: readonly string[];
}

export type InviteDecision =
  | Refusal
  /** There is no seat for it. */
  | { kind: "full"; seats: Seats }
  | (Omit<Candidate, "kind"> & { kind: "invited" })
  /** The account is a member at once (`invites.mode: direct`). */
  | (Omit<Candidate, "kind"> & { kind: "joined"; userId: string });

export interface InviteSituation {
  /** By folded address. */
  addresses: ReadonlyMap<string, AddressFacts>;
  seats: SeatCounts;
  policies: Policies;
}

/** The address and role of an invitation, checked; what is wrong with it is a refusal. */
export function parseInvitation(
  { inviteId, ...asked }: Invitation,
  acting: Role,
  policies: Policies,
): Candidate | Refusal {
  try {
    const email = parseEmail(asked.email);
    const role = decideInviteRole(asked.role, acting, policies);
    return { kind: "candidate", inviteId, email, emailFolded: foldEmail(email), role };
  } catch (error) {
    if (error instanceof DomainError) {
      return { kind: "refused", error };
    }
    throw error;
  }
}

/** Decides invitations one after the other: each sees the seats and addresses that those before it have taken. */
export function decideInvitations(
  invitations: readonly (Candidate | Refusal)[],
  { addresses, seats, policies }: InviteSituation,
): InviteDecision[] {
  const known = new Map(addresses);
  let counts = seats;
  return invitations.map((invitation) => {
    if (invitation.kind === "refused") {
      return invitation;
    }
    const address = known.get(invitation.emailFolded) ?? unknownAddress;
    const decision = decideInvitation(invitation, { address, counts, policies });
    if (decision.kind === "invited") {
      counts = { ...counts, pending: counts.pending + 1 };
      known.set(invitation.emailFolded, { ...address, openInviteId: invitation.inviteId });
    }
    if (decision.kind === "joined") {
      const { role } = decision;
      counts = { ...counts, members: { ...counts.members, [role]: counts.members[role] + 1 } };
      known.set(invitation.emailFolded, { ...address, isMember: true });
    }
    return decision;
  });
}

const unknownAddress: AddressFacts = {
  isMember: false,
  openInviteId: null,
  hasAccount: false,
  verifiedUserIds: [],
};

function decideInvitation(
  candidate: Candidate,
  { address, counts, policies }: { address: AddressFacts; counts: SeatCounts; policies: Policies },
): InviteDecision {
  const error = addressRefusal(address, policies);
  if (error !== null) {
    return { kind: "refused", error };
  }
  const seats = seatsOf({ ...counts, policies });
  // Who joins directly holds no invite that has kept a seat for them, so that they need a free one as well.
  if (!hasRoomForInvite(seats)) {
    return { kind: "full", seats };
  }
  const [userId, ...others] = address.verifiedUserIds;
  return policies.invites.mode === "direct" && userId !== undefined && others.length === 0
    ? { ...candidate, kind: "joined", userId }
    : { ...candidate, kind: "invited" };
}

function addressRefusal(address: AddressFacts, policies: Policies): DomainError | null {
  if (address.isMember) {
    return new DomainError("already_member", "This person is a member already.");
  }
  if (address.openInviteId !== null) {
    return new DomainError("already_invited", "This address has an invite that is still open.", {
      inviteId: address.openInviteId,
    });
  }
  if (policies.invites.requireAccount && !address.hasAccount) {
    return new DomainError("user_not_found", "Nobody has an account with this address.");
  }
  return null;
}

/**
 * Whether an invite may get another link: one that is open keeps its seat, one that has expired takes one again.
 * @throws DomainError invite_not_pending, already_member, already_invited
 */
export function decideResend(
  status: "pending" | "accepted" | "declined" | "revoked" | "expired",
  address: Pick<AddressFacts, "isMember" | "openInviteId">,
): { needsSeat: boolean } {
  if (status !== "pending" && status !== "expired") {
    throw new DomainError("invite_not_pending", "This invite is not open any more.", { status });
  }
  if (address.isMember) {
    throw new DomainError("already_member", "This person is a member already.");
  }
  if (status === "expired" && address.openInviteId !== null) {
    throw new DomainError("already_invited", "This address has a newer invite that is still open.", {
      inviteId: address.openInviteId,
    });
  }
  return { needsSeat: status === "expired" };
}
