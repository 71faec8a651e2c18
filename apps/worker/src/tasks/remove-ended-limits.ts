import type { ServiceContext } from "@headroom/service/context";
import { removeEndedLimits } from "@headroom/service/rate-limits";

/** Removes rate limits whose window has ended. */
export async function removeLimits(context: ServiceContext): Promise<void> {
  await removeEndedLimits(context);
}
