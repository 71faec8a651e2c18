import { organization } from "./acme.ts";
import { ids, times } from "./ids.ts";
import { pendingInvite } from "./members.ts";
import type { ExamplesOf } from "./types.ts";

const token = "q6Y2w0m1dC8Jt4bVfU7rS3xKzN5hPaLgEoIiRuTyQeA";

const issued = {
  id: ids.invite,
  organizationId: ids.organization,
  email: "grace@acme.example.com",
  role: "admin",
  status: "pending",
  invitedBy: ids.owner,
  emailDelivery: "sent",
  inviteUrl: `https://app.example.com/join?token=${token}`,
  createdAt: times.invited,
  expiresAt: times.inviteEnds,
  teamMemberId: null,
} as const;

const preview = {
  organization: { name: "Acme" },
  invitedBy: { name: "Ada Lovelace" },
  role: "admin",
  email: "g****@acme.example.com",
  expiresAt: times.inviteEnds,
  state: "pending",
} as const;

export const inviteExamples: ExamplesOf<"invites"> = {
  create: {
    input: { organizationId: ids.organization, email: "grace@acme.example.com", role: "admin" },
    output: issued,
  },
  bulk: {
    input: {
      organizationId: ids.organization,
      invites: [{ email: "grace@acme.example.com", role: "admin" }, { email: "alan@acme.example.com" }],
    },
    output: {
      results: [
        { email: "grace@acme.example.com", status: "invited", invite: issued, error: null },
        {
          email: "alan@acme.example.com",
          status: "refused",
          invite: null,
          error: {
            code: "already_invited",
            message: "This address has an invite that is still open.",
            details: { inviteId: ids.otherInvite },
          },
        },
      ],
    },
  },
  resend: {
    input: { organizationId: ids.organization, inviteId: ids.invite },
    output: { ...issued, expiresAt: "2026-03-17T12:30:00.000Z" },
  },
  list: {
    input: { organizationId: ids.organization, limit: 50 },
    output: { invites: [pendingInvite], nextCursor: null },
  },
  revoke: {
    input: { organizationId: ids.organization, inviteId: ids.otherInvite },
    output: { ...pendingInvite, status: "revoked" },
  },
  preview: { input: { token }, output: preview },
  accept: {
    input: { token },
    output: {
      organization: { ...organization, role: "admin" },
      membershipId: ids.adminMembership,
      activeOrganizationSet: true,
    },
  },
  decline: { input: { token }, output: { ...preview, state: "declined" } },
};
