import type { ServiceContext } from "@headroom/service/context";
import { rollUpDays } from "@headroom/service/metering";

/** Tallies and seals the received days that have ended. */
export async function rollUp(context: ServiceContext): Promise<void> {
  await rollUpDays(context);
}
