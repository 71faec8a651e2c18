import { z } from "zod";
import { safeText } from "../inputs.ts";

export const planId = safeText(40).describe("A plan's id, such as `pro`");

const count = z.int().min(0);
const limit = count.nullable().describe("null: no limit");
export const unitPrice = z.string().describe("A decimal of minor units: `2.5` is 2.5 cents");
export const currency = z.string().describe("ISO 4217, lower case");

export const price = z.strictObject({ interval: z.enum(["month", "year"]), currency, unitAmount: unitPrice });

export const plan = z.strictObject({
  id: z.string(),
  version: z.int(),
  displayName: z.string(),
  monthlyPriceCents: z.int().nullable().describe("Minor units; 0: free; null: not sold by the month"),
  prices: z.array(price),
  seats: z.strictObject({
    kind: z.enum(["licensed", "auto"]),
    included: count,
    max: limit,
    prices: z.array(price).describe("Empty: seats are not sold"),
  }),
  dailyPageLimit: limit.describe("Units a day of the default meter; null: no limit"),
  limits: z.array(
    z.strictObject({
      meter: z.string(),
      dailyLimit: limit,
      included: limit.describe("Units that the plan covers in a period; null: no limit"),
      overage: z
        .strictObject({
          unitPrice,
          currency,
          otherPrices: z
            .array(z.strictObject({ currency, unitPrice }))
            .describe("What a unit costs those who pay in another currency"),
          maxOverage: limit,
          ceiling: limit,
        })
        .nullable()
        .describe("Terms for units above `included`; null: the meter stops there"),
    }),
  ),
  features: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])),
  trialDays: count,
});

export const planList = z.strictObject({ plans: z.array(plan) });
