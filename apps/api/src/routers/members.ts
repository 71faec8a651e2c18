import { listMembers } from "@headroom/service/member-list";
import { removeMember, setMemberRole } from "@headroom/service/members";
import { organizationInput, page, userIdInput } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { memberRemoval } from "../views/current-organization.ts";
import { member, memberPage } from "../views/members.ts";
import { role } from "../views/roles.ts";

export const membersRouter = router({
  list: organizationProcedure("members.view")
    .meta({
      summary: "List members and pending invites",
      description:
        "Members first, then the invites that can be accepted. Every page tells how the seats stand and who the caller is.",
      rest: { method: "GET", path: "/organizations/{organization_id}/members" },
    })
    .input(organizationInput(page))
    .output(memberPage)
    .query(({ ctx, input }) => listMembers(ctx.service, ctx.access, input)),

  setRole: organizationProcedure("members.change")
    .meta({
      summary: "Change a member's role",
      description:
        "Of members ranking below the caller, up to the caller's own rank; the top role changes its equals too. Nobody " +
        "changes their own.",
      rest: { method: "PATCH", path: "/organizations/{organization_id}/members/{user_id}" },
      errors: ["user_not_found", "cannot_change_own_role", "invalid_role", "last_owner", "last_admin"],
    })
    .input(
      organizationInput({
        userId: userIdInput,
        role: role.describe("Never `owner`: ownership is transferred"),
      }),
    )
    .output(member)
    .mutation(({ ctx, input }) => setMemberRole(ctx.service, ctx.access, input)),

  remove: organizationProcedure("members.view")
    .meta({
      summary: "Remove a member",
      description:
        "Others need the right to change members; removing oneself is leaving. Frees the seat and ends the " +
        "member's personal keys.",
      rest: { method: "DELETE", path: "/organizations/{organization_id}/members/{user_id}" },
      errors: ["user_not_found", "last_owner", "last_admin"],
    })
    .input(organizationInput({ userId: userIdInput }))
    .output(memberRemoval)
    .mutation(({ ctx, input }) => removeMember(ctx.service, ctx.access, input)),
});
