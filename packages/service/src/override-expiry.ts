import { listOrganizationsWithExpiredOverrides, markOverrideExpiryTold } from "@headroom/db/overrides";
import { refreshLimits } from "@headroom/db/subscriptions";
import { lockOrganization, withOrganization } from "@headroom/db/tenancy";
import { encodeId } from "@headroom/domain/ids";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";

const organizationsAtOnce = 100;

/**
 * Tells of overrides whose time is over, each once. They have not held since that instant: this only makes it known to
 * those who keep entitlements. Safe beside itself and when it is run again. Answers how many were told of.
 */
export async function tellExpiredOverrides(context: Pick<ServiceContext, "db">): Promise<number> {
  let told = 0;
  for (;;) {
    const due = await listOrganizationsWithExpiredOverrides(context.db, organizationsAtOnce);
    let round = 0;
    for (const organizationId of due) {
      round += await tellExpiredOverridesOf(context, organizationId);
    }
    told += round;
    if (round === 0) {
      return told;
    }
  }
}

function tellExpiredOverridesOf(
  context: Pick<ServiceContext, "db">,
  organizationId: string,
): Promise<number> {
  return withOrganization(context.db, organizationId, async (tx) => {
    if ((await lockOrganization(tx, organizationId)) === null) {
      return 0;
    }
    const expired = await markOverrideExpiryTold(tx, organizationId);
    if (expired.length === 0) {
      return 0;
    }
    await refreshLimits(tx, organizationId);
    const actor = { kind: "system", name: "expiry" } as const;
    const target = encodeId("org", organizationId);
    for (const { kind, name } of expired) {
      await recordChange(tx, {
        organizationId,
        actor,
        audit: { action: "override.expired", target, data: { kind, name } },
      });
    }
    await recordChange(tx, {
      organizationId,
      actor,
      events: [{ name: "entitlements.changed", payload: {} }],
    });
    return expired.length;
  });
}
