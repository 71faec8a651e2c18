import { previewChange } from "@headroom/service/change-previews";
import { openPortal } from "@headroom/service/portal";
import { setSeats } from "@headroom/service/seat-purchases";
import { cancelSubscription, resumeSubscription } from "@headroom/service/subscription-endings";
import { z } from "zod";
import { organizationInput, safeText } from "../inputs.ts";
import { organizationProcedure } from "../trpc.ts";
import { changePreview, ending, portal, seatChange } from "../views/billing.ts";
import { planId } from "../views/plans.ts";

const seats = z.int().min(0).max(100_000);

/** What a purchase and its preview are paid in. */
export const currency = z
  .string()
  .regex(/^[a-z]{3}$/, "is not an ISO 4217 code in lower case")
  .optional()
  .describe("ISO 4217, lower case; fixed with the first purchase, which takes the plan's first when absent");

/** What `billing` has for a subscription that runs. */
export const subscriptionProcedures = {
  previewChange: organizationProcedure("billing.manage")
    .meta({
      summary: "Preview a change of plan or seats",
      description:
        "What `changePlan` with the same plan, interval, currency and seats would bill in this second; nothing changes.",
      rest: { method: "POST", path: "/organizations/{organization_id}/plan/preview" },
      errors: [
        "plan_not_found",
        "plan_not_available",
        "active_subscription",
        "currency_fixed",
        "billing_not_configured",
        "unavailable",
      ],
    })
    .input(
      organizationInput({
        planId,
        interval: z.enum(["month", "year"]).optional().describe("As now when absent"),
        currency,
        seats: seats.optional().describe("Seats on top of the plan's own; default: those bought now"),
      }),
    )
    .output(changePreview)
    .query(({ ctx, input }) => previewChange(ctx.service, ctx.access, input)),

  setSeats: organizationProcedure("billing.manage")
    .meta({
      summary: "Buy seats, or give some back",
      description: "`seats` is how many there are afterwards on top of the plan's own. Nobody is removed.",
      rest: { method: "PUT", path: "/organizations/{organization_id}/seats" },
      errors: [
        "payment_failed",
        "no_subscription",
        "active_subscription",
        "billing_not_configured",
        "unavailable",
      ],
    })
    .input(organizationInput({ seats: seats.describe("On top of the plan's own") }))
    .output(seatChange)
    .mutation(({ ctx, input }) => setSeats(ctx.service, ctx.access, input)),

  cancel: organizationProcedure("billing.manage")
    .meta({
      summary: "Cancel the subscription",
      description: "With the paid period, or at once. What was used above the plan is billed either way.",
      rest: { method: "POST", path: "/organizations/{organization_id}/plan/cancel" },
      errors: ["no_subscription", "billing_not_configured", "unavailable"],
    })
    .input(
      organizationInput({
        when: z
          .enum(["period_end", "now"])
          .default("period_end")
          .describe("With the paid period, or at once"),
      }),
    )
    .output(ending)
    .mutation(({ ctx, input }) => cancelSubscription(ctx.service, ctx.access, input)),

  resume: organizationProcedure("billing.manage")
    .meta({
      summary: "Withdraw a cancellation",
      description: "As long as the subscription has not ended; without a cancellation nothing changes.",
      rest: { method: "POST", path: "/organizations/{organization_id}/plan/resume" },
      errors: ["no_subscription", "billing_not_configured", "unavailable"],
    })
    .input(organizationInput({}))
    .output(ending)
    .mutation(({ ctx }) => resumeSubscription(ctx.service, ctx.access)),

  portal: organizationProcedure("billing.manage")
    .meta({
      summary: "Open Stripe's portal",
      description:
        "Invoices, the card, and cancelling, on Stripe's pages. The address is good for a few minutes.",
      rest: { method: "POST", path: "/organizations/{organization_id}/portal" },
      errors: ["no_subscription", "billing_not_configured", "unavailable"],
    })
    .input(
      organizationInput({
        returnUrl: safeText(2_000)
          .optional()
          .describe("Below the console's address or a listed origin; default: the console's billing page"),
      }),
    )
    .output(portal)
    .mutation(({ ctx, input }) => openPortal(ctx.service, ctx.access, input)),
};
