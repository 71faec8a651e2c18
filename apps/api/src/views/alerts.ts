import { alertLimits, alertWindows } from "@headroom/domain/alerts";
import { z } from "zod";
import { alertId, instant, organizationId, pageOf } from "../inputs.ts";

const units = z.int().min(0);

export const alert = z.strictObject({
  id: alertId,
  organizationId,
  meter: z.string(),
  window: z.enum(alertWindows),
  units: units.nullable().describe("null: it is a percentage"),
  percent: z.int().nullable().describe("null: it is a number of units"),
  of: z.enum(alertLimits).nullable().describe("The limit that it is a percentage of"),
  threshold: units
    .nullable()
    .describe(
      "Units at which it fires now; null: never, because the limit that it is a percentage of is none",
    ),
  lastFiring: z
    .strictObject({ firedAt: instant, used: units, threshold: units, windowStart: instant })
    .nullable()
    .describe("The latest, with the units that it was then; remembered for 400 days"),
  createdAt: instant,
});

export const alertPage = pageOf("alerts", alert);
