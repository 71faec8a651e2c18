import { tellAlerts } from "@headroom/service/alert-telling";
import type { ServiceContext } from "@headroom/service/context";

/** Tells of the alerts that have fired. */
export async function tell(context: ServiceContext): Promise<void> {
  await tellAlerts(context);
}
