import type { ServiceContext } from "@headroom/service/context";
import { rollUpDays } from "@headroom/service/metering";

/** Tallies the received days that are not sealed yet. */
export async function rollUp(context: ServiceContext): Promise<void> {
  await rollUpDays(context);
}
