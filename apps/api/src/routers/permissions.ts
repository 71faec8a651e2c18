import { listPermissions } from "@headroom/service/access";
import { roleAtHand } from "../callers.ts";
import { organizationInput } from "../inputs.ts";
import { anyMemberProcedure, router } from "../trpc.ts";
import { heldPermissions } from "../views/permissions.ts";

export const permissionsRouter = router({
  get: anyMemberProcedure
    .meta({
      summary: "Get one's role and permissions",
      description:
        "Everything that the caller may do in the organization now. A key has the permissions of its scopes; a " +
        "personal one never more than its member.",
      rest: { method: "GET", path: "/organizations/{organization_id}/permissions" },
    })
    .input(organizationInput({}))
    .output(heldPermissions)
    .query(({ ctx }) => listPermissions(ctx.service, ctx.actor, ctx.organizationId, roleAtHand(ctx))),
});
