import { deliveryKey } from "@headroom/db/invites";
import { type OutboxStatus, readDeliveries } from "@headroom/db/outbox";
import { withOrganization } from "@headroom/db/tenancy";
import type { ServiceContext } from "./context.ts";

const longestWait = 3_000;

/**
 * What the first attempts to mail these links came to, in their order; `pending` where there was none within 3 seconds,
 * which is all that is waited for however many there are.
 */
export async function waitForInviteMails(
  context: Pick<ServiceContext, "db">,
  organizationId: string,
  links: readonly { id: string; version: number }[],
): Promise<OutboxStatus[]> {
  const keys = links.map(deliveryKey);
  const deadline = performance.now() + longestWait;
  for (let pause = 40; ; pause = Math.min(pause * 2, 250)) {
    const deliveries = await withOrganization(context.db, organizationId, (tx) =>
      readDeliveries(tx, organizationId, keys),
    );
    const statuses = keys.map((key) => deliveries.get(key) ?? "skipped");
    if (!statuses.includes("pending") || performance.now() + pause > deadline) {
      return statuses;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
