import { listAudit } from "@headroom/service/audit";
import { z } from "zod";
import { instantInput, organizationInput, page, safeText } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { auditExport, auditPage, renderAuditExport } from "../views/audit.ts";

const filters = {
  action: z
    .string()
    .max(100)
    .regex(/^[a-z_]+\.([a-z_]+|\*)$/, "is not of the form noun.verbed or noun.*")
    .optional()
    .describe("`noun.verbed`, or `noun.*` for everything done to a noun"),
  actorId: safeText(200)
    .optional()
    .describe(
      "A user's or key's id, or an operator's name. A user's also finds what keys did on their behalf",
    ),
  target: safeText(200).optional().describe("The id of what was changed"),
  from: instantInput.optional().describe("Not before this time"),
  to: instantInput.optional().describe("Before this time"),
};

export const auditRouter = router({
  list: organizationProcedure("audit.view")
    .meta({
      summary: "List what was done, newest first",
      description: "One entry for each change of authority or money.",
      rest: { method: "GET", path: "/organizations/{organization_id}/audit" },
    })
    .input(organizationInput({ ...filters, ...page }))
    .output(auditPage)
    .query(({ ctx, input }) => listAudit(ctx.service, ctx.access, input)),

  export: organizationProcedure("audit.view")
    .meta({
      summary: "Export what was done, newest first",
      description:
        "Up to 10,000 entries as a file. The header `Headroom-Next-Cursor` tells where the next page begins.",
      rest: {
        method: "GET",
        path: "/organizations/{organization_id}/audit/export",
        download: { types: ["text/csv", "application/jsonl"], render: renderAuditExport },
      },
    })
    .input(
      organizationInput({
        ...filters,
        format: z.enum(["csv", "jsonl"]).default("csv").describe("Of the file"),
        limit: z.int().min(1).max(10_000).default(10_000).describe("How many at most"),
        cursor: page.cursor,
      }),
    )
    .output(auditExport)
    .query(async ({ ctx, input }) => ({
      format: input.format,
      ...(await listAudit(ctx.service, ctx.access, input)),
    })),
});
