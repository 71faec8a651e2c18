type Invited = { organization: string; email: string; account: string; inviter: string | null };

/** Of seats, members and invites. */
export const people = {
  roles: { owner: "Owner", admin: "Admin", member: "Member" },
  seats: {
    taken: (used: string, limit: string, count: number) =>
      `${used} of ${limit} ${count === 1 ? "seat" : "seats"} taken`,
    unlimited: (used: string, count: number) => `${used} ${count === 1 ? "seat" : "seats"} taken, no limit`,
    pending: (pending: string, count: number, isCounted: boolean) =>
      isCounted
        ? count === 1
          ? "1 by a pending invite"
          : `${pending} by pending invites`
        : count === 1
          ? "1 invite pending"
          : `${pending} invites pending`,
    free: (free: string) => `${free} free`,
    full: "Full",
    explanation: (countsPending: boolean): string =>
      countsPending
        ? "Every member takes a seat. So does an invite until it is answered, revoked or expired."
        : "Every member takes a seat. Invites take none until they are accepted.",
    ownerIsFree: "The owner takes none.",
    overLimit: "There are more members than seats: nobody is removed, but nobody can join.",
  },
  members: {
    caption: "Members",
    name: "Name",
    role: "Role",
    joined: "Joined",
    actions: "Actions",
    you: "You",
    roleOf: (name: string) => `Role of ${name}`,
    actionsFor: (name: string) => `Actions for ${name}`,
    remove: (name: string) => `Remove ${name}`,
    transferTo: (name: string) => `Make ${name} the owner`,
    leave: "Leave the organization",
    refusals: {
      notAllowed: "Only owners and admins do this.",
      ownRole: "Nobody changes their own role.",
      isOwner: "The owner stays until ownership is transferred.",
      rank: "Your role does not stand above this member's.",
      lastOwner: "The organization would be left without an owner. Transfer ownership first.",
      lastAdmin: "The organization would be left without an admin. Make somebody else one first.",
    },
  },
  invite: {
    organization: "Organization",
    invitedBy: "Invited by",
    role: "Your role",
    address: "Invited address",
    expires: "Open until",
    expired: "Expired",
    decline: "Decline",
    signedInAs: (account: string) => `You are signed in as ${account}.`,
    steps: {
      signIn: ({ organization, email }: Invited) => ({
        title: `Join ${organization}`,
        text: `Sign in with ${email}, the address that was invited.`,
        action: "Sign in to accept",
      }),
      accept: ({ organization }: Invited) => ({
        title: `Join ${organization}`,
        text: null as string | null,
        action: "Accept invite",
      }),
      otherAddress: ({ email, account }: Invited) => ({
        title: "This invite is for another address",
        text: `You are signed in as ${account}. The invite is for ${email}.`,
        action: "Sign in as somebody else",
      }),
      unverified: ({ account }: Invited) => ({
        title: "Verify your address first",
        text: `${account} is not verified yet. Follow the link that your sign-in provider has sent you, then sign in again.`,
        action: "Sign in again",
      }),
      full: ({ organization, inviter }: Invited) => ({
        title: `${organization} has no free seat`,
        text: `Ask ${inviter ?? "whoever invited you"} for one. Your invite stays open meanwhile.`,
        action: "Try again",
      }),
      expired: ({ inviter }: Invited) => ({
        title: "This invite has expired",
        text: `Ask ${inviter ?? "whoever invited you"} to send it again.`,
        action: "Go to the start",
      }),
      accepted: ({ organization }: Invited) => ({
        title: "This invite has been accepted",
        text: `Whoever accepted it is in ${organization} already.`,
        action: `Go to ${organization}`,
      }),
      declined: ({ organization, inviter }: Invited) => ({
        title: "This invite has been declined",
        text: `To join ${organization} after all, ask ${inviter ?? "whoever invited you"} for a new one.`,
        action: "Go to the start",
      }),
      gone: (_: Invited) => ({
        title: "This link is not valid any more",
        text: "The invite was withdrawn, or a newer link has replaced this one. Look for a later e-mail, or ask whoever invited you.",
        action: "Go to the start",
      }),
    },
  },
};
