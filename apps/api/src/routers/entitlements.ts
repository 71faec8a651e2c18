import { getEntitlements } from "@headroom/service/entitlements";
import { organizationInput } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { entitlements } from "../views/entitlements.ts";

export const entitlementsRouter = router({
  get: organizationProcedure("billing.view")
    .meta({
      summary: "Get what an organization may do",
      description:
        "Plan, features, seats and limits as they hold now, of plan, subscription and operators' overrides together. " +
        "Made to be kept: the event `entitlements.changed` says when to ask again, and so does `validUntil`. Seats are " +
        "counted at every call; who joins or leaves raises an event of its own.",
      rest: {
        method: "GET",
        path: "/organizations/{organization_id}/entitlements",
        etag: (output) => (output as { etag: string }).etag,
      },
    })
    .input(organizationInput({}))
    .output(entitlements)
    .query(({ ctx }) => getEntitlements(ctx.service, ctx.access)),
});
