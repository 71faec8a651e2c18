import type { JobPayloads } from "@headroom/db/jobs";
import { endCheckouts } from "@headroom/service/checkout";
import type { ServiceContext } from "@headroom/service/context";

/** Closes the sessions of checkouts that nobody may pay any more. */
export async function endWithdrawn(
  context: ServiceContext,
  payload: JobPayloads["end_checkouts"],
): Promise<void> {
  await endCheckouts(context, payload);
}
