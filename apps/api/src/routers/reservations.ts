import { listReservations } from "@headroom/service/reservation-list";
import { commit, release, reserve } from "@headroom/service/reservations";
import { voidUsage } from "@headroom/service/voids";
import { z } from "zod";
import { eventIdInput, page, quantity, reservationIdInput, safeText } from "../inputs.ts";
import { meteringProcedure, organizationProcedure } from "../trpc.ts";
import { event, limitRefusal, meter, usageInput, withHeaderKey } from "../usage-calls.ts";
import {
  commitAnswer,
  openReservations,
  releaseAnswer,
  reserveAnswer,
  voidAnswer,
} from "../views/reservations.ts";

/** Under `usage`: holds, what becomes of them, and taking events back. */
export const reservationProcedures = {
  reserve: meteringProcedure
    .meta({
      summary: "Hold units until it is known how many are used",
      description:
        "Held units count against both limits until they are committed, released or their time is over. A refusal is " +
        "`allowed: false` for typed callers and 429 here. Keys of reservations are a space of their own, beside those of events.",
      rest: { method: "POST", path: "/usage/reservations", status: 201, refusal: limitRefusal },
      errors: ["unknown_meter", "not_a_member", "idempotency_mismatch", "daily_limit", "hard_cap"],
    })
    .input(
      usageInput({
        ...event,
        ttlSeconds: z.int().min(1).max(86_400).default(600).describe("How long it holds at most"),
      }),
    )
    .output(reserveAnswer)
    .mutation(({ ctx, input }) => {
      const [asked = input] = withHeaderKey(ctx.idempotencyKey, [input]);
      return reserve(ctx.service, ctx.usageCaller(input.organizationId), asked);
    }),

  commit: meteringProcedure
    .meta({
      summary: "Write what was used in place of a hold",
      description:
        "It counts in the windows that it was reserved in. Up to what was reserved always fits, less frees the rest; more " +
        "is taken if there is room, else nothing is written and the hold stays. After its time it is recorded, and says so.",
      rest: {
        method: "POST",
        path: "/usage/reservations/{reservation_id}/commit",
        refusal: limitRefusal,
      },
      errors: [
        "resource_not_found",
        "reservation_not_open",
        "idempotency_mismatch",
        "daily_limit",
        "hard_cap",
      ],
    })
    .input(
      usageInput({
        reservationId: reservationIdInput,
        quantity: quantity.optional().describe("What was reserved when absent"),
        idempotencyKey: safeText(200)
          .optional()
          .describe(
            "With the same one again, the first answer; without one a repetition is `reservation_not_open`",
          ),
      }),
    )
    .output(commitAnswer)
    .mutation(({ ctx, input }) => {
      const [asked = input] = withHeaderKey(ctx.idempotencyKey, [input]);
      return commit(ctx.service, ctx.usageCaller(input.organizationId), asked);
    }),

  release: meteringProcedure
    .meta({
      summary: "Give a hold back unused",
      rest: { method: "POST", path: "/usage/reservations/{reservation_id}/release" },
      errors: ["resource_not_found", "reservation_not_open"],
    })
    .input(usageInput({ reservationId: reservationIdInput }))
    .output(releaseAnswer)
    .mutation(({ ctx, input }) => release(ctx.service, ctx.usageCaller(input.organizationId), input)),

  reservations: organizationProcedure("usage.view")
    .meta({
      summary: "List the reservations that hold units now",
      description: "Oldest first; none whose time is over.",
      rest: { method: "GET", path: "/usage/reservations" },
      errors: ["unknown_meter"],
    })
    .input(usageInput({ meter: meter.describe("Every meter when absent"), ...page }))
    .output(openReservations)
    .query(({ ctx, input }) => listReservations(ctx.service, ctx.access, input)),

  void: meteringProcedure
    .meta({
      summary: "Take an event back",
      description:
        "Named by its id, or by its meter and key, for as long as events are kept. Its units leave its own day and the " +
        "period that counted it, also when that is closed: what was billed for it is then corrected. Voided again it answers " +
        "the first void; a void is never voided.",
      rest: { method: "POST", path: ["/usage/events/{event_id}/void", "/usage/void"] },
      errors: ["unknown_meter", "resource_not_found"],
    })
    .input(
      usageInput({
        eventId: eventIdInput.optional().describe("The event's id; else its key, with the meter"),
        idempotencyKey: safeText(200).optional().describe("The key that the event was sent with"),
        meter,
      }),
    )
    .output(voidAnswer)
    .mutation(({ ctx, input }) => voidUsage(ctx.service, ctx.usageCaller(input.organizationId), input)),
};
