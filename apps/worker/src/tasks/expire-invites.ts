import type { ServiceContext } from "@headroom/service/context";
import { expireInvites } from "@headroom/service/invite-expiry";

/** Marks the invites whose time is over, and tells of it. */
export async function expire(context: ServiceContext): Promise<void> {
  await expireInvites(context);
}
