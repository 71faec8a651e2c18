import type { ServiceContext } from "@headroom/service/context";
import { tellExpiredOverrides } from "@headroom/service/override-expiry";

/** Tells of operators' overrides whose time is over. */
export async function tellExpired(context: ServiceContext): Promise<void> {
  await tellExpiredOverrides(context);
}
