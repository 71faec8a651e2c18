import { encodeId } from "@headroom/domain/ids";
import { listEvents } from "@headroom/service/events";
import { tracked } from "@trpc/server";
import { z } from "zod";
import { toDomainError } from "../errors.ts";
import { organizationInput, page } from "../inputs.ts";
import type { Subscription } from "../realtime/subscriptions.ts";
import { organizationProcedure, router, toTrpcError } from "../trpc.ts";
import { eventPage, type streamed } from "../views/events.ts";

const seq = z.int().min(0);

export const eventsRouter = router({
  list: organizationProcedure("events.view")
    .meta({
      summary: "List events, oldest first",
      description:
        "The events after a number that the caller's role may see, and those for the caller alone. Events are kept for " +
        "35 days; asking for older ones answers what is there.",
      rest: { method: "GET", path: "/organizations/{organization_id}/events" },
    })
    .input(
      organizationInput({
        after: seq.default(0).describe("The last number that the caller has"),
        limit: page.limit,
      }),
    )
    .output(eventPage)
    .query(async ({ ctx, input }) => {
      const found = await listEvents(ctx.service, ctx.access, input);
      return found as z.output<typeof eventPage>;
    }),

  subscribe: organizationProcedure("events.view")
    .meta({
      summary: "Be told of events as they happen",
      description:
        "Begins with `subscribed`, which carries the number that it goes on from. Without `after`, from now on.",
      errors: ["rate_limited"],
    })
    .input(
      organizationInput({
        after: seq.optional(),
        lastEventId: z
          .string()
          .regex(/^\d{1,15}$/)
          .optional()
          .describe("Where a stream that broke off had come to; sent by the client itself"),
      }),
    )
    .subscription(async ({ ctx, input, signal }) => {
      const subscription = await ctx.live.subscribe({
        access: ctx.access,
        after: input.lastEventId === undefined ? (input.after ?? null) : Number(input.lastEventId),
        credentialEndsAt: ctx.credentialEnd(),
        signal: signal ?? ctx.signal ?? new AbortController().signal,
        transport: "sse",
      });
      const stream = streamOf(subscription, encodeId("org", ctx.access.organizationId));
      // As the client sees what is tracked. Inferred, the published types would name tRPC's insides.
      return stream as AsyncIterable<unknown> as AsyncIterable<{ id: string; data: Item }, void, undefined>;
    }),
});

type Item = z.output<typeof streamed>;

/** The subscription with numbers that the client resumes from by itself. */
async function* streamOf({ from, events }: Subscription, organizationId: string) {
  try {
    yield tracked(String(from), { name: "subscribed", seq: from, organizationId });
    for await (const event of events) yield tracked(String(event.seq), event);
  } catch (error) {
    throw toTrpcError(toDomainError(error));
  }
}
