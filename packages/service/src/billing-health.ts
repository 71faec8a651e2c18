import { readBillingSignals } from "@headroom/db/billing-signals";
import {
  type BillingSignals,
  type HealthSignal,
  type HealthState,
  judgeBilling,
  worstState,
} from "@headroom/domain/billing-health";
import type { ServiceContext } from "./context.ts";

export interface BillingHealth {
  /** The worst of the signals. */
  state: HealthState;
  signals: HealthSignal[];
  readings: BillingSignals;
}

/**
 * Whether Headroom has what Stripe has, and Stripe what is owed: read afresh, and judged.
 * @param context `db` as hr_api, hr_worker or hr_webhook
 */
export async function readBillingHealth({
  db,
  stripe,
}: Pick<ServiceContext, "db" | "stripe">): Promise<BillingHealth> {
  const readings = await readBillingSignals(db);
  const signals = judgeBilling(readings, stripe !== null);
  return { state: worstState(signals), signals, readings };
}
