import type { ServiceContext } from "@headroom/service/context";
import { turnPlanAssignments } from "@headroom/service/plan-assignment-turns";

/** Starts plans that operators assigned for later, and clears away those whose time is over. */
export async function turnAssignments(context: ServiceContext): Promise<void> {
  await turnPlanAssignments(context);
}
