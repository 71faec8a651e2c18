import type { JobPayloads } from "@headroom/db/jobs";
import type { ServiceContext } from "@headroom/service/context";
import { restoreWaitingPlan } from "@headroom/service/plan-restoring";

/** Lets a plan wait again whose place another one was to take and did not. */
export async function restore(context: ServiceContext, payload: JobPayloads["restore_plan"]): Promise<void> {
  await restoreWaitingPlan(context, payload);
}
