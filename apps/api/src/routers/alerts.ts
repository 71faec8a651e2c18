import { alertLimits, alertWindows } from "@headroom/domain/alerts";
import { createAlert, deleteAlert, listAlerts } from "@headroom/service/alerts";
import { z } from "zod";
import { alertIdInput, organizationInput, page, quantity, safeText } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { alert, alertPage } from "../views/alerts.ts";

const all = "/organizations/{organization_id}/alerts";

export const alertsRouter = router({
  list: organizationProcedure("usage.view")
    .meta({
      summary: "List usage alerts",
      description: "Oldest first, with the units at which each fires now and when it last did.",
      rest: { method: "GET", path: all },
    })
    .input(organizationInput(page))
    .output(alertPage)
    .query(({ ctx, input }) => listAlerts(ctx.service, ctx.access, input)),

  create: organizationProcedure("organization.update")
    .meta({
      summary: "Add a usage alert",
      description:
        "At `units`, or at `percent` of a limit. It fires once in each window that reaches it: an event, webhooks and " +
        "mail; at once where the running window has. At most 20 for a meter. One that stands already is answered again.",
      rest: { method: "POST", path: all, status: 201 },
      errors: ["unknown_meter", "idempotency_mismatch"],
    })
    .input(
      organizationInput({
        meter: safeText(64).optional().describe("The default meter when absent"),
        window: z.enum(alertWindows).describe("What is counted: the day's usage, or the period's"),
        units: quantity.optional().describe("Whole units of the meter"),
        percent: z.int().min(1).max(1_000).optional().describe("Percent of a limit; instead of `units`"),
        of: z
          .enum(alertLimits)
          .optional()
          .describe("Of a day: daily_limit. Of a period: included, the default, or hard_cap"),
      }),
    )
    .output(alert)
    .mutation(({ ctx, input: { organizationId: _, ...input } }) =>
      createAlert(ctx.service, ctx.access, input, ctx),
    ),

  delete: organizationProcedure("organization.update")
    .meta({
      summary: "Delete a usage alert",
      description: "Answers how it was. What it fired a moment ago may stay untold.",
      rest: { method: "DELETE", path: `${all}/{alert_id}` },
      errors: ["resource_not_found"],
    })
    .input(organizationInput({ alertId: alertIdInput }))
    .output(alert)
    .mutation(({ ctx, input }) => deleteAlert(ctx.service, ctx.access, input)),
});
