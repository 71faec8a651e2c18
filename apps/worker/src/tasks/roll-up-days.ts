import type { ServiceContext } from "@headroom/service/context";
import { learnDays, rollUpDays } from "@headroom/service/metering";

/** Tallies and seals the received days that have ended, then has the filter know their keys. */
export async function rollUp(context: ServiceContext): Promise<void> {
  await rollUpDays(context);
  await learnDays(context);
}
