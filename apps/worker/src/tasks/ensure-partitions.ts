import type { ServiceContext } from "@headroom/service/context";
import { ensurePartitions } from "@headroom/service/metering";

/** Makes the event partitions of the coming days. */
export async function makePartitions(context: ServiceContext): Promise<void> {
  await ensurePartitions(context);
}
