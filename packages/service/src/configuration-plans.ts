import type { MeterTerms, PlanDefinition } from "@headroom/domain/configuration";
import { z } from "zod";
import { count, currency, displayName, limit, name, unitPrice } from "./configuration-values.ts";

const interval = z.enum(["month", "year"]).describe("How often it is paid.");
const price = z.strictObject({
  interval,
  currency: currency.describe("ISO 4217 in lower case, such as `usd`."),
  unitAmount: unitPrice.describe('A decimal of minor units: `"2900"` is USD 29.00.'),
});
const seatPrice = z.strictObject({
  interval,
  currency: currency.describe("ISO 4217 in lower case."),
  unitAmount: unitPrice.describe("A decimal of minor units, per seat."),
});

const otherPrice = z.strictObject({
  currency: currency.describe("ISO 4217 in lower case."),
  unitPrice: unitPrice.describe("A decimal of minor units for one unit, up to 12 places."),
});

const overage = z.strictObject({
  unitPrice: unitPrice.describe(
    'A decimal of minor units for one unit, up to 12 places: `"2.5"` is 2.5 cents.',
  ),
  currency: currency.describe("The currency of one of the plan's prices."),
  otherPrices: z
    .array(otherPrice)
    .default([])
    .describe(
      "What a unit costs those who pay in another of the plan's currencies: each that the plan is sold in has a price.",
    ),
  maxOverage: limit
    .default(0)
    .describe("Units of overage until the organization sets its own; `null`: no cap."),
  ceiling: limit.default(null).describe("The most that an organization may set; `null`: anything."),
});

const terms = z.strictObject({
  dailyLimit: limit
    .default(null)
    .describe("Units in a day of the organization's time zone; `null`: no limit."),
  included: limit.default(null).describe("Units in a period; `null`: no limit."),
  overage: overage
    .nullable()
    .default(null)
    .describe("Terms for units above `included`; `null`: the meter stops there."),
}) satisfies z.ZodType<MeterTerms>;

const kind =
  "`licensed`: included seats and those that are bought; `auto`: as many as `maxSeats`, each above `included` is billed.";
const seatTerms = {
  included: count.describe("Seats that the plan's price covers. 0 is a real limit."),
  prices: z
    .array(seatPrice)
    .default([])
    .describe(
      "What one more seat costs, for the same intervals and currencies as the plan; none: seats are not sold.",
    ),
  proration: z
    .enum(["next_invoice", "now", "none", "high_water"])
    .default("next_invoice")
    .describe(
      "How seats bought or given back within a period are settled: on the next invoice, at once, not at all; `high_water`: as `next_invoice`, and fewer seats are paid until the period ends.",
    ),
};
const maxSeats = limit.default(null).describe("The most seats of an `auto` plan; `null`: no limit.");
const seats = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("licensed").describe(kind), ...seatTerms }),
  z.strictObject({ kind: z.literal("auto").describe(kind), maxSeats, ...seatTerms }),
]);

/** A plan of the catalogue. */
export const plan = z.strictObject({
  displayName: displayName.describe("What people read."),
  default: z
    .boolean()
    .default(false)
    .describe(
      "New organizations get this plan. Exactly one is the default; it is free, active and sells no overage.",
    ),
  public: z.boolean().default(true).describe("Private plans are not listed and cannot be bought."),
  active: z.boolean().default(true).describe("Inactive plans keep their subscribers and take no new ones."),
  prices: z
    .array(price)
    .default([])
    .describe("What the plan costs, once per interval and currency; none: it is free."),
  seats,
  meters: z.record(name, terms).describe("The plan's terms for every meter, by the meter's name."),
  features: z
    .record(name, z.union([z.boolean(), z.number(), z.string()]))
    .default({})
    .describe("What the SaaS asks for by name: booleans, numbers and texts."),
  trialDays: z
    .int()
    .min(0)
    .max(730)
    .default(0)
    .describe("Days of trial before the first payment, once per organization."),
  graceDays: z.int().min(0).max(365).default(7).describe("Days that the limits hold after a failed payment."),
  downgrade: z
    .enum(["period_end", "now"])
    .default("period_end")
    .describe("When a change to a cheaper plan takes effect."),
  proration: z
    .enum(["next_invoice", "now", "none"])
    .default("next_invoice")
    .describe(
      "How the rest of a paid period is settled when an organization changes to this plan within it: on the next invoice, at once, not at all.",
    ),
  profilesIncluded: limit.default(null).describe("Profiles that an organization may have; `null`: no limit."),
}) satisfies z.ZodType<PlanDefinition>;
