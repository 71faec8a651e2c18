import type { ServiceContext } from "@headroom/service/context";
import { pruneEvents } from "@headroom/service/events";

/** Deletes the events that nobody may ask for any more. */
export async function prune(context: ServiceContext): Promise<void> {
  const pruned = await pruneEvents(context);
  context.log.info({ pruned }, "events pruned");
}
