import type { ServiceContext } from "@headroom/service/context";
import { dropOldPartitions, pruneOldUsage } from "@headroom/service/usage-retention";

/** Drops the partitions of old events, and deletes old reservations and alert firings. */
export async function pruneUsage(context: ServiceContext): Promise<void> {
  const days = await dropOldPartitions(context);
  const pruned = await pruneOldUsage(context);
  context.log.info({ days, ...pruned }, "usage pruned");
}
