import { acceptInvite, previewInvite } from "@headroom/service/invite-acceptance";
import { createInvite, listInvites, revokeInvite } from "@headroom/service/invites";
import { z } from "zod";
import { inviteIdInput, organizationInput, page, safeText, trimmedText } from "../inputs.ts";
import { organizationProcedure, publicProcedure, router, userProcedure } from "../trpc.ts";
import { acceptedInvite, invite, invitePage, invitePreview, issuedInvite } from "../views/invites.ts";
import { role } from "../views/roles.ts";

const byToken = z.strictObject({ token: safeText(200).describe("From the invite's link") });

export const invitesRouter = router({
  create: organizationProcedure("invites.manage")
    .meta({
      summary: "Invite an address",
      description: "Waits up to 3 seconds for the first attempt to mail the link.",
      rest: { method: "POST", path: "/organizations/{organization_id}/invites", status: 201 },
      errors: [
        "already_member",
        "already_invited",
        "invalid_role",
        "seat_limit_reached",
        "idempotency_mismatch",
      ],
    })
    .input(
      organizationInput({ email: trimmedText(254), role: role.optional().describe("`member` when absent") }),
    )
    .output(issuedInvite)
    .mutation(async ({ ctx, input: { organizationId: _, ...input } }) => {
      await ctx.limits.takeInvites(ctx.access, 1);
      return createInvite(ctx.service, ctx.access, input, ctx);
    }),

  list: organizationProcedure("invites.manage")
    .meta({
      summary: "List pending invites",
      rest: { method: "GET", path: "/organizations/{organization_id}/invites" },
    })
    .input(organizationInput(page))
    .output(invitePage)
    .query(({ ctx, input }) => listInvites(ctx.service, ctx.access, input)),

  revoke: organizationProcedure("invites.manage")
    .meta({
      summary: "Revoke a pending invite",
      rest: { method: "DELETE", path: "/organizations/{organization_id}/invites/{invite_id}" },
      errors: ["invite_not_found", "invite_not_pending"],
    })
    .input(organizationInput({ inviteId: inviteIdInput }))
    .output(invite)
    .mutation(({ ctx, input }) => revokeInvite(ctx.service, ctx.access, input)),

  preview: publicProcedure
    .meta({
      summary: "See what a link invites to",
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
      description: "Needs the verified address that was invited. Again by the same user: the same answer.",
      rest: { method: "POST", path: "/invites/accept" },
      errors: [
        "invite_not_found",
        "invite_email_mismatch",
        "email_not_verified",
        "invite_not_pending",
        "invite_expired",
        "seat_limit_reached",
      ],
      failureLimit: "unknownInviteTokens",
    })
    .input(byToken)
    .output(acceptedInvite)
    .mutation(({ ctx, input }) => acceptInvite(ctx.service, ctx.actor, input)),
});
