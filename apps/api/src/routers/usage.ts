import { check, consume, record } from "@headroom/service/usage";
import { getUsage } from "@headroom/service/usage-reading";
import { z } from "zod";
import { usageAtHand } from "../callers.ts";
import { instantInput, quantity } from "../inputs.ts";
import { meteringProcedure, organizationProcedure, router } from "../trpc.ts";
import { event, limitRefusal, meter, usageInput, withHeaderKey } from "../usage-calls.ts";
import { checkAnswer, consumeAnswer, recordAnswer, usageView } from "../views/usage.ts";
import { reservationProcedures } from "./reservations.ts";
import { explainProcedure, exportProcedure, historyProcedure } from "./usage-explanation.ts";

const recorded = { ...event, occurredAt: instantInput.optional().describe("Now when absent") };

export const usageRouter = router({
  ...reservationProcedures,

  consume: meteringProcedure
    .meta({
      summary: "Check a limit and take from it in one step",
      description: "Exact under concurrency. A refusal is `allowed: false` for typed callers and 429 here.",
      rest: { method: "POST", path: "/usage/consume", refusal: limitRefusal },
      errors: ["unknown_meter", "not_a_member", "idempotency_mismatch", "daily_limit", "hard_cap"],
    })
    .input(
      usageInput({
        ...event,
        mode: z
          .enum(["reject", "cap", "record"])
          .default("reject")
          .describe("reject: all or nothing; cap: take what fits; record: it already happened"),
      }),
    )
    .output(consumeAnswer)
    .mutation(({ ctx, input }) => {
      const [event = input] = withHeaderKey(ctx.idempotencyKey, [input]);
      return consume(ctx.usageLane, ctx.usageCaller(input.organizationId), event);
    }),

  record: meteringProcedure
    .meta({
      summary: "Record usage that has already happened",
      description: "One event, or up to 1,000 in `events`. One that is not valid and none is written.",
      rest: { method: "POST", path: "/usage/record" },
      errors: ["unknown_meter", "not_a_member"],
    })
    .input(
      z.union([
        usageInput({
          events: z
            .array(z.strictObject(recorded))
            .min(1)
            .max(1000)
            .describe("Each has a result of its own, in this order"),
        }),
        usageInput(recorded),
      ]),
    )
    .output(recordAnswer)
    .mutation(async ({ ctx, input }) => {
      const listed = "events" in input;
      const events = withHeaderKey(ctx.idempotencyKey, listed ? input.events : [input]);
      return { results: await record(ctx.service, ctx.usageCaller(input.organizationId), events, listed) };
    }),

  check: organizationProcedure("usage.view")
    .meta({
      withUsage: true,
      summary: "Ask what a consume would answer",
      description: "Takes nothing, promises nothing: only `consume` is atomic.",
      rest: { method: "POST", path: "/usage/check" },
      errors: ["unknown_meter"],
    })
    .input(usageInput({ meter, quantity: quantity.default(1) }))
    .output(checkAnswer)
    .query(({ ctx, input }) => check(ctx.service, ctx.access, input, usageAtHand(ctx))),

  get: organizationProcedure("usage.view")
    .meta({
      withUsage: true,
      summary: "Get usage, limits and overage of every meter",
      description:
        "Days are the organization's own, by its time zone. Included units, overage and the hard cap belong to the " +
        "period, which is the subscription's month, or the calendar's without one.",
      rest: { method: "GET", path: ["/usage", "/organizations/{organization_id}/usage"] },
    })
    .input(usageInput({}))
    .output(usageView)
    .query(({ ctx }) => getUsage(ctx.service, ctx.access, usageAtHand(ctx))),

  history: historyProcedure,
  export: exportProcedure,
  explain: explainProcedure,
});
