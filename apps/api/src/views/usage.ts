import { z } from "zod";
import { eventId, instant, userId } from "../inputs.ts";

export const units = z.int().min(0);
const limit = units.nullable().describe("null: no limit");

export const usageWindow = z.strictObject({
  used: units,
  held: units.describe("Units that open reservations hold on top"),
  limit,
  resetsAt: instant,
});

export const usageWindows = z.strictObject({ day: usageWindow, period: usageWindow });

/** What every answer about a gate says of it. */
export const headroom = {
  windows: usageWindows,
  included: limit,
  overage: units.describe("Units of the period above `included`"),
  maxOverage: limit,
  hardCap: limit.describe("`included` + `maxOverage`"),
  remaining: limit.describe("Units that fit into every window now"),
};

export const refusalReason = z.enum(["daily_limit", "hard_cap"]);

export const checkAnswer = z.strictObject({
  allowed: z.boolean(),
  reason: refusalReason.nullable(),
  ...headroom,
});

export const consumeAnswer = z.strictObject({
  allowed: z.boolean(),
  reason: refusalReason.nullable(),
  retryAfterSeconds: z.int().nullable(),
  acceptedQuantity: units,
  overCapQuantity: units.describe("Units above the hard cap, written because they had already happened"),
  eventId: eventId.nullable(),
  duplicate: z.boolean().describe("The key had been seen: this is the first answer again"),
  ...headroom,
});

export const recordAnswer = z.strictObject({
  results: z.array(
    z.discriminatedUnion("status", [
      z.strictObject({ status: z.enum(["recorded", "duplicate"]), eventId, overCapQuantity: units }),
      z.strictObject({ status: z.literal("mismatch"), eventId }),
    ]),
  ),
});

export const meterUsage = z.strictObject({
  meter: z.string(),
  dailyUsed: units,
  dailyLimit: limit,
  monthlyUsed: units,
  monthlyLimit: limit,
  planId: z.string(),
  planVersion: z.int(),
  periodStart: instant,
  periodEnd: instant,
  ...headroom,
});

export const usageView = z.strictObject({
  usage: meterUsage.describe("The default meter"),
  meters: z.array(meterUsage),
});

export const usageHistory = z.strictObject({
  days: z.array(
    z.strictObject({
      date: z.iso.date().describe("The organization's local date"),
      meters: z.array(
        z.strictObject({
          meter: z.string(),
          used: units,
          members: z.array(z.strictObject({ userId: userId.nullable(), used: units })),
        }),
      ),
    }),
  ),
});
