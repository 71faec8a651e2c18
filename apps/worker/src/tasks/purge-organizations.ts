import type { ServiceContext } from "@headroom/service/context";
import { purgeOrganizations } from "@headroom/service/organization-deletion";

/** Deletes the data of organizations that were deleted 30 days ago. */
export async function purge(context: ServiceContext): Promise<void> {
  await purgeOrganizations(context);
}
