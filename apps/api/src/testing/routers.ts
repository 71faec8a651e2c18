import { errorReference } from "@headroom/domain/error-reference";
import { DomainError, errorCodes } from "@headroom/domain/errors";
import { z } from "zod";
import {
  attributes,
  noInput,
  organizationInput,
  page,
  pageOf,
  quantity,
  trimmedText,
  userIdInput,
} from "../inputs.ts";
import { meteringProcedure, publicProcedure, router, signedInProcedure } from "../trpc.ts";

const echoed = z.strictObject({
  displayName: z.string(),
  properties: attributes,
  lines: z.array(z.strictObject({ unitPrice: z.string() })),
});

/** Procedures of every kind that the transport must carry, and of every way in which one can fail. */
export const probeRouter = router({
  probe: router({
    open: publicProcedure
      .meta({ summary: "Answer anybody", rest: { method: "GET", path: "/probe", cacheSeconds: 60 } })
      .input(noInput)
      .output(z.strictObject({ isOpen: z.boolean() }))
      .query(() => ({ isOpen: true })),
    refuse: publicProcedure
      .meta({ rest: { method: "POST", path: "/probe/refusals/{code}" } })
      .input(z.strictObject({ code: z.enum(Object.keys(errorCodes) as [keyof typeof errorCodes]) }))
      .output(z.strictObject({}))
      .mutation(({ input }): never => {
        throw new DomainError(input.code, "No.", { upgradePlans: ["pro"], retryAfterSeconds: 1.2, limit: 5 });
      }),
    crash: publicProcedure
      .meta({ rest: { method: "POST", path: "/probe/crash" } })
      .input(z.strictObject({ how: z.enum(["error", "text", "database", "output"]) }))
      .output(z.strictObject({ never: z.string() }))
      .mutation(({ input }) => {
        if (input.how === "error") throw new Error("relation secret_table does not exist");
        if (input.how === "text") throw "secret_text";
        if (input.how === "database")
          throw Object.assign(new Error("connect secret_host"), { code: "ECONNREFUSED" });
        return { never: 5 } as unknown as { never: string };
      }),
    echo: signedInProcedure
      .meta({ summary: "Echo", rest: { method: ["PATCH", "PUT"], path: "/probe/{user_id}/echo" } })
      .input(
        z.strictObject({
          userId: userIdInput,
          displayName: trimmedText(20),
          properties: attributes.optional(),
        }),
      )
      .output(echoed)
      .mutation(({ input }) => ({
        displayName: input.displayName,
        properties: input.properties ?? {},
        lines: [{ unitPrice: "2.5" }],
      })),
    list: signedInProcedure
      .meta({ rest: { method: "GET", path: "/probe/list" } })
      .input(
        z.strictObject({
          ...page,
          isActive: z.boolean().optional(),
          meterNames: z.array(z.string()).optional(),
        }),
      )
      .output(
        pageOf(
          "items",
          z.strictObject({ isActive: z.boolean().nullable(), meterNames: z.array(z.string()) }),
        ),
      )
      .query(({ input }) => ({
        items: [{ isActive: input.isActive ?? null, meterNames: input.meterNames ?? [] }].slice(
          0,
          input.limit,
        ),
        nextCursor: input.cursor ?? null,
      })),
    take: meteringProcedure
      .meta({
        rest: {
          method: "POST",
          path: "/probe/take",
          status: 201,
          refusal: (output) =>
            (output as { allowed: boolean }).allowed
              ? null
              : new DomainError("daily_limit", "The daily limit is reached.", {
                  ...errorReference.daily_limit.details,
                  limit: 10,
                  remaining: 0,
                  retryAfterSeconds: 60,
                }),
        },
        errors: ["daily_limit"],
      })
      .input(organizationInput({ quantity }))
      .output(z.strictObject({ allowed: z.boolean(), organization: z.string().nullable() }))
      .mutation(({ ctx, input }) => ({
        allowed: input.quantity <= 10,
        organization: ctx.usageCaller(input.organizationId).organizationId,
      })),
  }),
});
