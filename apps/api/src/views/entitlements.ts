import { z } from "zod";
import { instant } from "../inputs.ts";
import { billing } from "./billing.ts";
import { seats } from "./members.ts";

const limit = z.int().min(0).nullable().describe("null: no limit");

export const entitlements = z.strictObject({
  planId: z.string(),
  planVersion: z.int(),
  displayName: z.string(),
  status: billing.shape.status,
  source: billing.shape.source,
  features: z
    .record(z.string(), z.union([z.boolean(), z.number(), z.string()]))
    .describe("The plan's, and what an operator set for this organization"),
  seats,
  meters: z
    .array(
      z.strictObject({
        meter: z.string(),
        dailyLimit: limit,
        included: limit.describe("Units of a period that are covered; null: no limit"),
        maxOverage: limit.describe("Units above `included` that are allowed now; null: no cap"),
        hardCap: limit.describe("`included` + `maxOverage`"),
      }),
    )
    .describe("What is used is not in it: `GET /v1/usage` tells"),
  validUntil: instant
    .nullable()
    .describe("Until then nothing of this changes unless somebody changes it; null: at no known time"),
  etag: z.string().describe("The same while everything else is"),
});
