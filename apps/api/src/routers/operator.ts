import { readBillingHealth } from "@headroom/service/billing-health";
import { getOperatorOrganization, listOperatorOrganizations } from "@headroom/service/operator-organizations";
import { assignPlan, removePlanAssignment } from "@headroom/service/plan-assignments";
import { resync } from "@headroom/service/resync";
import { readUnbilledPeriods } from "@headroom/service/unbilled-periods";
import { z } from "zod";
import { instantInput, noInput, organizationInput, page, safeText, trimmedText } from "../inputs.ts";
import { operatedProcedure, operatorProcedure, router } from "../trpc.ts";
import {
  billingHealth,
  operatorOrganization,
  operatorOrganizationPage,
  planAssignment,
  resynced,
} from "../views/operator.ts";
import { planId } from "../views/plans.ts";

const one = "/operator/organizations/{organization_id}" as const;

const unbilledShown = 50;
const reason = trimmedText(500).describe("Why, for whoever asks later");
const dryRun = z.boolean().default(false).describe("Says what would change, and changes nothing");

export const operatorRouter = router({
  billingHealth: operatorProcedure
    .meta({
      summary: "Get billing's health",
      description:
        "For operators only. Whether Headroom has what Stripe has, and Stripe what is owed: events that wait or were given " +
        "up, drift, periods that are not billed, the last comparisons. Each signal has a runbook of its name.",
      rest: { method: "GET", path: "/operator/billing-health" },
    })
    .input(noInput)
    .output(billingHealth)
    .query(async ({ ctx }) => {
      const { state, signals, readings } = await readBillingHealth(ctx.service);
      const unbilled = await readUnbilledPeriods(ctx.service, unbilledShown);
      return { state, signals, live: readings.live, unbilled };
    }),

  organizations: operatorProcedure
    .meta({
      summary: "List organizations",
      description: "For operators only. Everybody's that are not deleted, the newest first.",
      rest: { method: "GET", path: "/operator/organizations" },
    })
    .input(
      z.strictObject({
        search: safeText(100).optional().describe("Part of a name, a slug or the owner's e-mail address"),
        ...page,
      }),
    )
    .output(operatorOrganizationPage)
    .query(({ ctx, input }) => listOperatorOrganizations(ctx.service, input)),

  organization: operatedProcedure
    .meta({
      summary: "Get an organization as operators see it",
      description: "For operators only. With the plans assigned to it, and how it stands at Stripe.",
      rest: { method: "GET", path: one },
    })
    .input(organizationInput({}))
    .output(operatorOrganization)
    .query(({ ctx }) => getOperatorOrganization(ctx.service, ctx.access)),

  assignPlan: operatedProcedure
    .meta({
      summary: "Assign a plan",
      description:
        "For operators only. Gives a version of a plan, a private one too, without Stripe: at once, or from a time to " +
        "come. Refused while the organization has a subscription at Stripe.",
      rest: { method: "PUT", path: `${one}/plan` },
      errors: ["plan_not_found", "active_subscription"],
    })
    .input(
      organizationInput({
        planId,
        version: z.int().min(1).optional().describe("The current one when absent"),
        start: instantInput.optional().describe("Months are counted from it; now when absent"),
        until: instantInput.optional().describe("It ends then by itself; until it is removed when absent"),
        reason,
        dryRun,
      }),
    )
    .output(planAssignment)
    .mutation(({ ctx, input }) => assignPlan(ctx.service, ctx.access, input)),

  removePlan: operatedProcedure
    .meta({
      summary: "Take back an assigned plan",
      description: "For operators only. Also one that only waits. The base plan holds again, at once.",
      rest: { method: "DELETE", path: `${one}/plan` },
      errors: ["resource_not_found"],
    })
    .input(organizationInput({ reason, dryRun }))
    .output(planAssignment)
    .mutation(({ ctx, input }) => removePlanAssignment(ctx.service, ctx.access, input)),

  resync: operatedProcedure
    .meta({
      summary: "Read an organization's subscription from Stripe now",
      description:
        "For operators only. Writes what Stripe has, whatever events came or did not, and answers what was another.",
      rest: { method: "POST", path: `${one}/resync` },
      errors: ["no_subscription", "billing_not_configured"],
    })
    .input(organizationInput({}))
    .output(resynced)
    .mutation(({ ctx }) => resync(ctx.service, ctx.access)),
});
