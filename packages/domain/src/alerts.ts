import { invalidField } from "./validation.ts";

/** Alerts of one organization and meter at most. */
export const mostAlerts = 20;

export const alertWindows = ["day", "period"] as const;
export type AlertWindow = (typeof alertWindows)[number];

/** What a percentage can be of. */
export const alertLimits = ["daily_limit", "included", "hard_cap"] as const;
export type AlertLimit = (typeof alertLimits)[number];

/** Units of a meter, or a percentage of one of its limits. */
export type AlertThreshold =
  | { units: number; percent: null; of: null }
  | { units: null; percent: number; of: AlertLimit };

/**
 * The threshold that an input names: `units`, or `percent` of a limit of that window. A day has the daily limit; a
 * period has `included`, which is the default, and the hard cap.
 * @throws DomainError validation_failed
 */
export function readThreshold(input: {
  window: AlertWindow;
  units?: number | undefined;
  percent?: number | undefined;
  of?: AlertLimit | undefined;
}): AlertThreshold {
  const { window, units, percent, of = window === "day" ? "daily_limit" : "included" } = input;
  if (units !== undefined && percent === undefined) {
    if (input.of !== undefined) {
      throw invalidField("of", "belongs to percent");
    }
    return { units, percent: null, of: null };
  }
  if (percent === undefined || units !== undefined) {
    throw invalidField("units", "or percent is required, one of them");
  }
  if ((of === "daily_limit") !== (window === "day")) {
    throw invalidField(
      "of",
      window === "day" ? "is daily_limit for a day" : "is included or hard_cap for a period",
    );
  }
  return { units: null, percent, of };
}
