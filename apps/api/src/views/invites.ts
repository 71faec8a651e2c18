import { z } from "zod";
import { instant, inviteId, membershipId, organizationId, userId } from "../inputs.ts";
import { organization } from "./organizations.ts";

const invitedRole = z.enum(["admin", "member"]);
const inviteStatus = z.enum(["pending", "accepted", "declined", "revoked", "expired"]);

const inviteFields = {
  id: inviteId,
  organizationId,
  email: z.string(),
  role: invitedRole,
  status: inviteStatus,
  invitedBy: userId.nullable().describe("null: a key invited"),
  emailDelivery: z
    .enum(["pending", "sent", "failed", "skipped"])
    .describe("skipped: there is no mailer, or nothing to mail any more"),
  createdAt: instant,
  expiresAt: instant,
};

export const invite = z.strictObject(inviteFields);

export const issuedInvite = z.strictObject({
  ...inviteFields,
  inviteUrl: z.string().nullable().describe("Told this once; null when the call is repeated"),
});

export const invitePage = z.strictObject({ invites: z.array(invite), nextCursor: z.string().nullable() });

export const invitePreview = z.strictObject({
  organization: z.strictObject({ name: z.string() }),
  invitedBy: z.strictObject({ name: z.string() }).nullable(),
  role: invitedRole,
  email: z.string().describe("Masked"),
  expiresAt: instant,
  state: inviteStatus,
});

export const acceptedInvite = z.strictObject({
  organization,
  membershipId,
  activeOrganizationSet: z.boolean().describe("The organization is the caller's active one now"),
});
