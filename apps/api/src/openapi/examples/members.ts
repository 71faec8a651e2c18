import { organization } from "./acme.ts";
import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const owner = {
  id: ids.owner,
  membershipId: ids.ownerMembership,
  email: "ada@acme.example.com",
  name: "Ada Lovelace",
  role: "owner",
  status: "active",
  joinedAt: times.founded,
} as const;

const admin = {
  id: ids.admin,
  membershipId: ids.adminMembership,
  email: "grace@acme.example.com",
  name: "Grace Hopper",
  role: "admin",
  status: "active",
  joinedAt: times.joined,
} as const;

/** An invite that can be accepted. */
export const pendingInvite = {
  id: ids.otherInvite,
  organizationId: ids.organization,
  email: "alan@acme.example.com",
  role: "member",
  status: "pending",
  invitedBy: ids.owner,
  emailDelivery: "sent",
  createdAt: times.invited,
  expiresAt: times.inviteEnds,
} as const;

export const memberPage = {
  members: [owner, admin],
  invites: [pendingInvite],
  seats: { limit: 5, members: 2, pending: 1, used: 3, available: 2, overLimit: false },
  currentUserId: ids.owner,
  currentUserRole: "owner" as const,
  nextCursor: null,
};

export const memberExamples: ExamplesOf<"members"> = {
  list: { input: { organizationId: ids.organization, limit: 50 }, output: memberPage },
  setRole: {
    input: { organizationId: ids.organization, userId: ids.admin, role: "member" },
    output: { ...admin, role: "member" },
  },
  remove: {
    input: { organizationId: ids.organization, userId: ids.admin },
    output: {
      organization,
      ...memberPage,
      members: [owner],
      seats: { limit: 5, members: 1, pending: 1, used: 2, available: 3, overLimit: false },
    },
  },
};
