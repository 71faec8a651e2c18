import { readOverrides, removeOverride, setOverride } from "@headroom/service/overrides";
import { instantInput, organizationInput, safeText, trimmedText } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { override, overrideKind, overrideList, overrideValue } from "../views/overrides.ts";

const all = "/organizations/{organization_id}/overrides";
const one = [`${all}/{kind}/{name}`, `${all}/{kind}`] as const;

const place = {
  kind: overrideKind,
  name: safeText(64).optional().describe("The meter or the feature; absent for seats"),
};

export const overridesRouter = router({
  list: organizationProcedure("overrides.manage")
    .meta({
      summary: "List what operators set for an organization",
      description: "Also what has expired and was not removed. For operators only: members see the effect.",
      rest: { method: "GET", path: all },
    })
    .input(organizationInput({}))
    .output(overrideList)
    .query(({ ctx }) => readOverrides(ctx.service, ctx.access)),

  set: organizationProcedure("overrides.manage")
    .meta({
      summary: "Put a limit, seats or a feature in place of the plan's",
      description:
        "For operators only. Acts at once, resets no counter, and holds whatever becomes of the subscription, until it " +
        "expires or is removed. What stood there before is replaced, reason and expiry too.",
      rest: { method: "PUT", path: one },
      errors: ["unknown_meter"],
    })
    .input(
      organizationInput({
        ...place,
        value: overrideValue,
        reason: trimmedText(500).describe("Why, for whoever asks later"),
        expiresAt: instantInput
          .nullable()
          .optional()
          .describe("The plan's value holds from then on; without it: until it is removed"),
      }),
    )
    .output(override)
    .mutation(({ ctx, input }) => setOverride(ctx.service, ctx.access, input)),

  remove: organizationProcedure("overrides.manage")
    .meta({
      summary: "Let the plan's value hold again",
      description: "For operators only. Answers the override as it was.",
      rest: { method: "DELETE", path: one },
      errors: ["resource_not_found"],
    })
    .input(organizationInput(place))
    .output(override)
    .mutation(({ ctx, input }) => removeOverride(ctx.service, ctx.access, input)),
});
