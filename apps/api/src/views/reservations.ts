import { z } from "zod";
import { eventId, instant, pageOf, reservationId, userId } from "../inputs.ts";
import { headroom, refusalReason, units } from "./usage.ts";

export const reservation = z.strictObject({
  id: reservationId,
  status: z
    .enum(["held", "committed", "released", "expired"])
    .describe("Now; `expired` from the instant `expiresAt` on"),
  meter: z.string(),
  quantity: units,
  expiresAt: instant,
});

const decision = {
  allowed: z.boolean(),
  reason: refusalReason.nullable(),
  retryAfterSeconds: z.int().nullable(),
  duplicate: z.boolean().describe("The key had been seen: this is the first answer again"),
};

export const reserveAnswer = z.strictObject({
  ...decision,
  reservation: reservation.nullable(),
  ...headroom,
});

export const commitAnswer = z.strictObject({
  ...decision,
  windowEnded: z
    .boolean()
    .describe(
      "The window without room for more than was reserved is over: waiting does not help; consume the rest instead",
    ),
  acceptedQuantity: units,
  overCapQuantity: units.describe("Units above the hard cap, written because they had already happened"),
  afterExpiry: z.boolean().describe("The reservation's time was over: the units were recorded all the same"),
  eventId: eventId.nullable(),
  ...headroom,
});

export const releaseAnswer = z.strictObject({ reservation, ...headroom });

export const openReservations = pageOf(
  "reservations",
  z.strictObject({
    id: reservationId,
    meter: z.string(),
    quantity: units,
    memberId: userId.nullable(),
    reservedAt: instant,
    expiresAt: instant,
  }),
);

export const voidAnswer = z.strictObject({
  eventId: eventId.describe("The row that takes the event back"),
  voidedEventId: eventId,
  meter: z.string(),
  quantity: units.describe("Units that were given back"),
  duplicate: z.boolean().describe("It had been voided before: this is the first answer again"),
  ...headroom,
});
