import type { Billing, Preview } from "../billing/managing.ts";

/**
 * When a change takes hold: once the checkout is `paid`, `now`, or `later`. Whether a moment lies ahead is not asked of this
 * device's clock, which need not be the server's: what waits, waits for the end of the period or of the subscription.
 */
export function effectOf(
  { effectiveAt }: Pick<Preview, "effectiveAt">,
  { period, cancelAt, effectiveAt: waiting }: Pick<Billing, "period" | "cancelAt" | "effectiveAt">,
): "paid" | "now" | "later" {
  if (effectiveAt === null) return "paid";
  return [period?.end, cancelAt, waiting].includes(effectiveAt) ? "later" : "now";
}
