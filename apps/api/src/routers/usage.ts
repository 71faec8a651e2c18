import { DomainError } from "@headroom/domain/errors";
import { type ConsumeAnswer, check, consume, record } from "@headroom/service/usage";
import { getUsage } from "@headroom/service/usage-reading";
import { z } from "zod";
import { instantInput, organizationReference, quantity, safeText, userIdInput } from "../inputs.ts";
import { meteringProcedure, organizationProcedure, router } from "../trpc.ts";
import { checkAnswer, consumeAnswer, recordAnswer, usageView } from "../views/usage.ts";
import { explainProcedure, exportProcedure, historyProcedure } from "./usage-explanation.ts";

const meter = safeText(64).optional().describe("The default meter when absent");

const event = {
  meter,
  quantity,
  idempotencyKey: safeText(200)
    .optional()
    .describe(
      "Unique per organization and meter for at least 40 days; best a UUIDv7. The server makes one when absent",
    ),
  memberId: userIdInput.optional().describe("The user who caused it"),
  properties: z
    .record(safeText(64), z.union([safeText(500, 0), z.number(), z.boolean(), z.null()]))
    .refine((fields) => Object.keys(fields).length <= 20, "has more than 20 fields")
    .optional()
    .describe("Up to 20 of the caller's own fields"),
};

const recorded = { ...event, occurredAt: instantInput.optional().describe("Now when absent") };

function usageInput<const Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject({ organizationId: organizationReference.default("current"), ...shape });
}

export const usageRouter = router({
  consume: meteringProcedure
    .meta({
      summary: "Check a limit and take from it in one step",
      description: "Exact under concurrency. A refusal is `allowed: false` for typed callers and 429 here.",
      rest: { method: "POST", path: "/usage/consume", refusal: consumeRefusal },
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
      const events = withHeaderKey(ctx.idempotencyKey, "events" in input ? input.events : [input]);
      return { results: await record(ctx.service, ctx.usageCaller(input.organizationId), events) };
    }),

  check: organizationProcedure("usage.view")
    .meta({
      summary: "Ask what a consume would answer",
      description: "Takes nothing, promises nothing: only `consume` is atomic.",
      rest: { method: "POST", path: "/usage/check" },
      errors: ["unknown_meter"],
    })
    .input(usageInput({ meter, quantity: quantity.default(1) }))
    .output(checkAnswer)
    .query(({ ctx, input }) => check(ctx.service, ctx.access, input)),

  get: organizationProcedure("usage.view")
    .meta({
      summary: "Get usage, limits and overage of every meter",
      description:
        "Days are the organization's own, by its time zone. Included units, overage and the hard cap belong to the " +
        "period, which is the subscription's month, or the calendar's without one.",
      rest: { method: "GET", path: ["/usage", "/organizations/{organization_id}/usage"] },
    })
    .input(usageInput({}))
    .output(usageView)
    .query(({ ctx }) => getUsage(ctx.service, ctx.access)),

  history: historyProcedure,
  export: exportProcedure,
  explain: explainProcedure,
});

/** The `Idempotency-Key` header is the key of an event that names none itself; of several, each by its place. */
export function withHeaderKey<Event extends { idempotencyKey?: string | undefined }>(
  header: string | null,
  events: readonly Event[],
): readonly Event[] {
  if (header === null) return events;
  return events.map((event, index) => ({
    ...event,
    idempotencyKey: event.idempotencyKey ?? (events.length === 1 ? header : `${header}:${index}`),
  }));
}

function consumeRefusal(output: unknown): DomainError | null {
  const { allowed, reason, retryAfterSeconds, windows, ...rest } = output as ConsumeAnswer;
  if (allowed || reason === null) return null;
  const window = reason === "daily_limit" ? windows.day : windows.period;
  return new DomainError(reason, refusalText[reason], {
    ...rest,
    windows,
    retryAfterSeconds,
    limit: window.limit,
    used: window.used,
    resetsAt: window.resetsAt,
  });
}

const refusalText = {
  daily_limit: "The daily limit of this meter is reached.",
  hard_cap: "The hard cap of this meter is reached: included units and max overage are used up.",
};
