import type { ServiceContext } from "@headroom/service/context";
import { checkUsage } from "@headroom/service/metering";

/** Compares every counter with a recount of its events. A difference is an error for people, not a retry. */
export async function verify(context: ServiceContext): Promise<void> {
  const { checked, days, mismatches } = await checkUsage(context);
  for (const mismatch of mismatches) {
    context.log.error({ ...mismatch }, "usage counter differs from its events");
  }
  context.log.info({ checked, days, mismatches: mismatches.length }, "usage verified");
}
