import { checkoutLocales } from "@headroom/domain/configuration";
import { getBilling } from "@headroom/service/billing";
import { startCheckout } from "@headroom/service/checkout";
import { listInvoices } from "@headroom/service/invoices";
import { setMaxOverages as applyMaxOverages } from "@headroom/service/max-overages";
import { changePlan } from "@headroom/service/plan-changes";
import { z } from "zod";
import { organizationInput, page, safeText } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { billing, checkout, invoices, maxOverages, planChange } from "../views/billing.ts";
import { planId } from "../views/plans.ts";
import { currency, subscriptionProcedures } from "./subscriptions.ts";

const returnAddress = safeText(2_000)
  .optional()
  .describe("Below the console's address or a listed origin; default: the console's billing page");
const purchase = {
  planId,
  seats: z
    .int()
    .min(0)
    .max(100_000)
    .optional()
    .describe("Seats on top of the plan's own; default: those bought now"),
  interval: z.enum(["month", "year"]).optional().describe("The first that the plan is sold by when absent"),
  currency,
  successUrl: returnAddress,
  cancelUrl: returnAddress,
  locale: z
    .enum(checkoutLocales)
    .optional()
    .describe("The language of the checkout page; default: the configuration's, else the browser's"),
};
const units = z.int().min(0);

export const billingRouter = router({
  get: organizationProcedure("billing.view")
    .meta({
      summary: "Get plan and subscription",
      description: "The plan whose limits hold now, and the subscription behind it, if there is one.",
      rest: { method: "GET", path: "/organizations/{organization_id}/plan" },
    })
    .input(organizationInput({}))
    .output(billing)
    .query(({ ctx }) => getBilling(ctx.service, ctx.access)),

  changePlan: organizationProcedure("billing.manage")
    .meta({
      summary: "Change the plan",
      description:
        "Without a subscription: to a free plan at once, to a paid one by paying at `checkoutUrl`. With one it is changed: a dearer plan and another interval at once, a cheaper plan by its `downgrade`, a free plan when the paid period ends. The plan in force takes back what waits.",
      rest: { method: "PUT", path: "/organizations/{organization_id}/plan" },
      errors: [
        "plan_not_found",
        "plan_not_available",
        "payment_failed",
        "active_subscription",
        "currency_fixed",
        "billing_not_configured",
        "unavailable",
      ],
    })
    .input(organizationInput(purchase))
    .output(planChange)
    .mutation(({ ctx, input }) => changePlan(ctx.service, ctx.access, input)),

  checkout: organizationProcedure("billing.manage")
    .meta({
      summary: "Open a checkout",
      description: "One checkout is open at a time: a new one closes the one before.",
      rest: { method: "POST", path: "/organizations/{organization_id}/checkout" },
      errors: [
        "idempotency_mismatch",
        "plan_not_found",
        "plan_not_available",
        "active_subscription",
        "currency_fixed",
        "billing_not_configured",
        "unavailable",
      ],
    })
    .input(organizationInput(purchase))
    .output(checkout)
    .mutation(({ ctx, input }) => startCheckout(ctx.service, ctx.access, input, ctx)),

  ...subscriptionProcedures,

  invoices: organizationProcedure("billing.manage")
    .meta({
      summary: "List invoices, and the next one as it stands",
      description: "Newest first, as Stripe has them; `upcoming` adds the overage of the running period.",
      rest: { method: "GET", path: "/organizations/{organization_id}/invoices" },
      errors: ["billing_not_configured", "unavailable"],
    })
    .input(organizationInput(page))
    .output(invoices)
    .query(({ ctx, input }) => listInvoices(ctx.service, ctx.access, input)),
});

/** `organizations.setMaxOverages`. */
export const setMaxOverages = organizationProcedure("billing.manage")
  .meta({
    summary: "Set how much overage is allowed",
    description:
      "`units`, or `cents` of money, once; null is the plan's default. Acts at once and resets nothing.",
    rest: { method: "PATCH", path: "/organizations/{organization_id}/max-overages" },
    errors: ["overage_not_available", "unknown_meter"],
  })
  .input(
    organizationInput({
      meter: safeText(40).optional().describe("Default: every meter that the plan sells overage for"),
      units: units.nullable().optional().describe("Units above what is included; null: the plan's default"),
      cents: units
        .nullable()
        .optional()
        .describe("The same as money, in minor units, at the unit price in force; instead of `units`"),
    }).refine((input) => (input.units === undefined) !== (input.cents === undefined), {
      path: ["units"],
      message: "or cents is required, once",
    }),
  )
  .output(maxOverages)
  .mutation(({ ctx, input }) => applyMaxOverages(ctx.service, ctx.access, input));
