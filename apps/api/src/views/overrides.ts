import { overrideKinds } from "@headroom/domain/overrides";
import { z } from "zod";
import { instant, safeText } from "../inputs.ts";

export const overrideKind = z
  .enum(overrideKinds)
  .describe(
    "`daily_limit` and `included` are of a meter, `seats` of the organization, `feature` of a feature",
  );

export const override = z.strictObject({
  kind: overrideKind,
  name: z.string().nullable().describe("The meter or the feature; null for seats"),
  value: z.union([z.number(), z.boolean(), z.string()]).nullable().describe("Of a limit: null is no limit"),
  reason: z.string(),
  setBy: z.string().describe("The operator"),
  setAt: instant,
  expiresAt: instant.nullable().describe("null: it stays until it is removed"),
  inForce: z.boolean().describe("false: its time is over, and the plan's value holds again"),
});

export const overrideList = z.strictObject({ overrides: z.array(override) });

/** What an override may hold; what fits which kind is the domain's to say. */
export const overrideValue = z
  .union([z.number(), z.boolean(), safeText(500, 0)])
  .nullable()
  .describe(
    "Of a limit a whole number, or null for no limit; of a feature a boolean, a number or a text. It replaces the plan's",
  );
