import type { ServiceContext } from "@headroom/service/context";
import { closeDuePeriods } from "@headroom/service/overage-reporting";

/** Counts the periods that have ended, and writes their overage into the ledger. */
export async function closePeriods(context: ServiceContext): Promise<void> {
  await closeDuePeriods(context);
}
