import { listPlans } from "@headroom/service/plans";
import { noInput } from "../inputs.ts";
import { publicProcedure, router } from "../trpc.ts";
import { planList } from "../views/plans.ts";

export const plansRouter = router({
  list: publicProcedure
    .meta({
      summary: "List the plans that can be bought",
      description: "In the order of the catalogue; private plans are not in it. May be a minute old.",
      rest: { method: "GET", path: "/plans", cacheSeconds: 60 },
    })
    .input(noInput)
    .output(planList)
    .query(({ ctx }) => listPlans(ctx.service)),
});
