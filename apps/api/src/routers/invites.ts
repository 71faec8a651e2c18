import { acceptInvite } from "@headroom/service/invite-acceptance";
import { inviteMany } from "@headroom/service/invite-bulk";
import { declineInvite, previewInvite } from "@headroom/service/invite-preview";
import { resendInvite } from "@headroom/service/invite-resending";
import { createInvite, listInvites, revokeInvite } from "@headroom/service/invites";
import { z } from "zod";
import { inviteIdInput, organizationInput, page, safeText, trimmedText } from "../inputs.ts";
import { organizationProcedure, publicProcedure, router, userProcedure } from "../trpc.ts";
import {
  acceptedInvite,
  invite,
  invitePage,
  invitePreview,
  inviteResults,
  issuedInvite,
} from "../views/invites.ts";
import { role } from "../views/roles.ts";

const invitation = {
  email: trimmedText(254).describe(
    "Where the link goes; only an account with this address, verified, can accept",
  ),
  role: role.optional().describe("`member` when absent, unless the policy `invites.roleRequired` is on"),
};

const byToken = z.strictObject({ token: safeText(200).describe("From the invite's link") });

export const invitesRouter = router({
  create: organizationProcedure("invites.manage")
    .meta({
      summary: "Invite an address",
      description:
        "Takes a seat until it is accepted, declined, revoked or expired. Waits up to 3 seconds for the first attempt " +
        "to mail the link, which is told in this answer alone. Under the policy `invites.mode: direct` an account " +
        "that has verified the address is a member at once: `teamMemberId` names the membership, and there is no link.",
      rest: { method: "POST", path: "/organizations/{organization_id}/invites", status: 201 },
      errors: [
        "already_member",
        "already_invited",
        "invalid_role",
        "user_not_found",
        "seat_limit_reached",
        "idempotency_mismatch",
        "rate_limited",
      ],
    })
    .input(organizationInput(invitation))
    .output(issuedInvite)
    .mutation(async ({ ctx, input: { organizationId: _, ...input } }) => {
      await ctx.limits.takeInvites(ctx.access, 1);
      return createInvite(ctx.service, ctx.access, input, ctx);
    }),

  bulk: organizationProcedure("invites.manage")
    .meta({
      summary: "Invite up to 50 addresses",
      description:
        "Each has a result of its own, in the order asked; one that is refused hinders no other, and says why as a " +
        "call for it alone would. Seats are taken in that order. Waits up to 3 seconds for the first attempts to " +
        "mail the links.",
      rest: { method: "POST", path: "/organizations/{organization_id}/invites/bulk", status: 201 },
      errors: ["idempotency_mismatch", "rate_limited"],
    })
    .input(
      organizationInput({
        invites: z.array(z.strictObject(invitation)).min(1).max(50).describe("Whom to invite"),
      }),
    )
    .output(inviteResults)
    .mutation(async ({ ctx, input: { invites } }) => {
      await ctx.limits.takeInvites(ctx.access, invites.length);
      return inviteMany(ctx.service, ctx.access, { invites }, ctx);
    }),

  resend: organizationProcedure("invites.manage")
    .meta({
      summary: "Resend an invite",
      description:
        "Gives it another link and its whole time again, and mails it; the old link is dead once this has answered. " +
        "One that has expired takes a seat again. Waits up to 3 seconds for the first attempt to mail it.",
      rest: { method: "POST", path: "/organizations/{organization_id}/invites/{invite_id}/resend" },
      errors: [
        "invite_not_found",
        "invite_not_pending",
        "already_member",
        "already_invited",
        "seat_limit_reached",
        "rate_limited",
      ],
    })
    .input(organizationInput({ inviteId: inviteIdInput }))
    .output(issuedInvite)
    .mutation(async ({ ctx, input }) => {
      await ctx.limits.takeInvites(ctx.access, 1);
      return resendInvite(ctx.service, ctx.access, input);
    }),

  list: organizationProcedure("invites.manage")
    .meta({
      summary: "List pending invites",
      description:
        "Those that can be accepted now, oldest first. A link is in it only where the policy `invites.linkInList` is on.",
      rest: { method: "GET", path: "/organizations/{organization_id}/invites" },
    })
    .input(organizationInput(page))
    .output(invitePage)
    .query(({ ctx, input }) => listInvites(ctx.service, ctx.access, input)),

  revoke: organizationProcedure("invites.manage")
    .meta({
      summary: "Revoke a pending invite",
      description: "Its link opens nothing any more, and its seat is free.",
      rest: { method: "DELETE", path: "/organizations/{organization_id}/invites/{invite_id}" },
      errors: ["invite_not_found", "invite_not_pending"],
    })
    .input(organizationInput({ inviteId: inviteIdInput }))
    .output(invite)
    .mutation(({ ctx, input }) => revokeInvite(ctx.service, ctx.access, input)),

  preview: publicProcedure
    .meta({
      summary: "See what a link invites to",
      description:
        "For the page that the link opens, before anybody has signed in. A link that is unknown, was revoked, or was " +
        "replaced by a newer one answers the same 404.",
      rest: { method: "GET", path: "/invites/preview" },
      errors: ["invite_not_found", "rate_limited"],
      failureLimit: "unknownInviteTokens",
    })
    .input(byToken)
    .output(invitePreview)
    .query(({ ctx, input }) => previewInvite(ctx.service, input)),

  accept: userProcedure
    .meta({
      summary: "Accept an invite",
      description:
        "Needs the verified address that was invited. Again by the same user: the same answer. A member stays what " +
        "they are. When the seats are full the invite stays open.",
      rest: { method: "POST", path: "/invites/accept" },
      errors: [
        "invite_not_found",
        "invite_email_mismatch",
        "email_not_verified",
        "invite_not_pending",
        "invite_expired",
        "seat_limit_reached",
        "rate_limited",
      ],
      failureLimit: "unknownInviteTokens",
    })
    .input(byToken)
    .output(acceptedInvite)
    .mutation(({ ctx, input }) => acceptInvite(ctx.service, ctx.actor, input)),

  decline: publicProcedure
    .meta({
      summary: "Decline an invite",
      description: "The link is enough: nobody needs to sign in to say no. Again: the same answer.",
      rest: { method: "POST", path: "/invites/decline" },
      errors: ["invite_not_found", "invite_not_pending", "invite_expired", "rate_limited"],
      failureLimit: "unknownInviteTokens",
    })
    .input(byToken)
    .output(invitePreview)
    .mutation(({ ctx, input }) => declineInvite(ctx.service, input)),
});
