import { listAudit } from "@headroom/service/audit";
import { organizationInput, page } from "../inputs.ts";
import { organizationProcedure, router } from "../trpc.ts";
import { auditPage } from "../views/audit.ts";

export const auditRouter = router({
  list: organizationProcedure("audit.view")
    .meta({
      summary: "List what was done, newest first",
      rest: { method: "GET", path: "/organizations/{organization_id}/audit" },
    })
    .input(organizationInput(page))
    .output(auditPage)
    .query(({ ctx, input }) => listAudit(ctx.service, ctx.access, input)),
});
