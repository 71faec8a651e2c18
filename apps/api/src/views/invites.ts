import { type ErrorCode, errorCodes } from "@headroom/domain/errors";
import { z } from "zod";
import { instant, inviteId, membershipId, organizationId, userId } from "../inputs.ts";
import { organization } from "./organizations.ts";

export const invitedRole = z.enum(["admin", "member"]);
export const inviteStatus = z.enum(["pending", "accepted", "declined", "revoked", "expired"]);

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
  inviteUrl: z
    .string()
    .nullable()
    .optional()
    .describe(
      "Only for those who may invite, under the policy `invites.linkInList`; null: this one's link cannot be told again",
    ),
  createdAt: instant,
  expiresAt: instant,
};

export const invite = z.strictObject(inviteFields);

export const issuedInvite = z.strictObject({
  ...inviteFields,
  inviteUrl: z
    .string()
    .nullable()
    .describe("Told this once; null when the call is repeated, and for a member made at once"),
  teamMemberId: membershipId
    .nullable()
    .describe("The membership that the invite has become; null while it is open"),
});

// Named, so that REST spells them as it does in the error of a call for one address.
const refusalDetails = z
  .looseObject({
    limit: z.int().nullable(),
    members: z.int(),
    pending: z.int(),
    used: z.int(),
    available: z.int().nullable(),
    upgradePlans: z.array(z.strictObject({ planId: z.string(), displayName: z.string() })),
    inviteId,
    role: z.string(),
    issues: z.array(z.strictObject({ path: z.string(), message: z.string() })),
  })
  .partial();

/** What became of one address of many. */
export const inviteResult = z.strictObject({
  email: z.string().describe("As it was asked"),
  status: z
    .enum(["invited", "joined", "refused"])
    .describe("joined: the account is a member at once, under `invites.mode: direct`"),
  invite: issuedInvite.nullable().describe("null: refused"),
  error: z
    .strictObject({
      code: z.enum(Object.keys(errorCodes) as [ErrorCode]),
      message: z.string(),
      details: refusalDetails,
    })
    .nullable()
    .describe("Why it was refused, as a call for this address alone would say"),
});

export const inviteResults = z.strictObject({
  results: z.array(inviteResult).describe("In the order asked"),
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
