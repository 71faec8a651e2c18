import type { PriceRole } from "./catalogue.ts";

/** What a price that Headroom did not make stands for. */
export type PriceMapping = {
  /** `price_…`, or a lookup key. */
  name: string;
  isLookupKey: boolean;
} & (
  | { role: PriceRole; planId: string; planVersion: number }
  /** Another system bills the meter's overage by it: it is compared with, and is no part of a plan. */
  | { role: "overage"; meter: string }
);

export function sameMapping(a: PriceMapping, b: PriceMapping): boolean {
  if (a.name !== b.name || a.isLookupKey !== b.isLookupKey || a.role !== b.role) {
    return false;
  }
  if (a.role === "overage" || b.role === "overage") {
    return a.role === "overage" && b.role === "overage" && a.meter === b.meter;
  }
  return a.planId === b.planId && a.planVersion === b.planVersion;
}
