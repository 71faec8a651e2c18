import { explainUsage } from "@headroom/service/usage-explanation";
import { getUsageHistory } from "@headroom/service/usage-reading";
import { z } from "zod";
import { instantInput, organizationReference, page, safeText, userIdInput } from "../inputs.ts";
import { organizationProcedure } from "../trpc.ts";
import { usageHistory } from "../views/usage.ts";
import { renderHistory, usageExplanation } from "../views/usage-explanation.ts";

const organizationId = organizationReference.default("current");
const meter = safeText(64).optional();

const historyInput = z.strictObject({
  organizationId,
  days: z.int().min(1).max(365).default(30).describe("How many days back, today included"),
  meter: meter.describe("Every meter when absent"),
  memberId: userIdInput.optional().describe("Only what this user caused, also one who has left"),
});

export const historyProcedure = organizationProcedure("usage.view")
  .meta({
    summary: "Get usage per day",
    description: "Oldest first; days without usage are there too. Of each meter also who caused how much.",
    rest: { method: "GET", path: ["/usage/history", "/organizations/{organization_id}/usage/history"] },
    errors: ["unknown_meter"],
  })
  .input(historyInput)
  .output(usageHistory)
  .query(({ ctx, input }) => getUsageHistory(ctx.service, ctx.access, input));

export const exportProcedure = organizationProcedure("usage.view")
  .meta({
    summary: "Export usage per day",
    description:
      "The history as a CSV file: `date`, `meter`, `member`, `used`. A row for each member of a day and meter; `member` is " +
      "empty for usage that names nobody.",
    rest: {
      method: "GET",
      path: ["/usage/history/export", "/organizations/{organization_id}/usage/history/export"],
      download: { types: ["text/csv"], render: renderHistory },
    },
    errors: ["unknown_meter"],
  })
  .input(historyInput)
  .output(usageHistory)
  .query(({ ctx, input }) => getUsageHistory(ctx.service, ctx.access, input));

export const explainProcedure = organizationProcedure("usage.view")
  .meta({
    summary: "Explain a counter or an invoice line",
    description:
      "The window and how it came about, each limit with its source, the arithmetic of the period's overage line, a " +
      "recount, and the events behind it, newest first. Events are kept for 41 days; of older ones the tallies by day and " +
      "member are left.",
    rest: { method: "GET", path: ["/usage/explain", "/organizations/{organization_id}/usage/explain"] },
    errors: ["unknown_meter", "resource_not_found"],
  })
  .input(
    z.strictObject({
      organizationId,
      meter: meter.describe("The default meter when absent"),
      window: z.enum(["day", "period"]).optional().describe("`day` when a date is given, else `period`"),
      date: z.iso.date().optional().describe("A local date of the organization; today when absent"),
      periodStart: instantInput.optional().describe("An earlier period; the running one when absent"),
      overageId: z
        .string()
        .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "is not a UUID")
        .optional()
        .describe("An invoice line's id in the ledger, from its metadata `headroom_overage`"),
      ...page,
    }),
  )
  .output(usageExplanation)
  .query(({ ctx, input }) => explainUsage(ctx.service, ctx.access, input));
