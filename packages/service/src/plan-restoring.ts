import { findCustomer } from "@headroom/db/customers";
import { forgetWaitingPlan, supersedeChanges } from "@headroom/db/subscription-intents";
import { lockOrganization, withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { failpoint } from "@headroom/platform/failpoints";
import { uuidv7 } from "@headroom/platform/uuid";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { restoring } from "./plan-change-wishes.ts";
import { requireChanges } from "./stripe/requirements.ts";
import { perform } from "./stripe/steps.ts";

const leaseWaitMs = 5_000;

/**
 * Lets a cheaper plan wait again that was taken back for another change which was never made: its process died between
 * the two calls, or Stripe failed at the second. What Stripe has decides: where the change was made, or somebody has asked for
 * something else since, nothing is done. Run again it changes nothing.
 * @param context `db` as hr_worker. @throws StripeFault, DomainError billing_not_configured, unavailable: try again later
 */
export async function restoreWaitingPlan(
  context: ServiceContext,
  { organizationId }: { organizationId: string },
): Promise<{ restored: boolean }> {
  const ready = requireChanges(context);
  const { db, stripe } = ready;
  const customerId = await withOrganization(db, organizationId, (tx) => findCustomer(tx, organizationId));
  if (customerId === null) {
    return { restored: false };
  }
  const restored = await withCustomerLease(
    ready,
    customerId,
    async (lease) => {
      await refreshCustomer(ready, lease, organizationId);
      const wish = await withOrganization(db, organizationId, async (tx) => {
        const organization = await lockOrganization(tx, organizationId);
        await lease.assertHeld(tx);
        const found = organization && (await restoring(tx, organizationId));
        if (found) {
          // The same wish again must not be answered by Stripe with the call that is undone here: it needs a key of its own.
          await supersedeChanges(tx, organizationId);
        }
        return found;
      });
      failpoint("restore.decided");
      for (const step of wish?.steps ?? []) {
        // Absolute: made twice it is made once.
        await perform(stripe, wish?.subscriptionId ?? "", step, uuidv7());
      }
      failpoint("restore.performed");
      await withOrganization(db, organizationId, async (tx) => {
        await lockOrganization(tx, organizationId);
        await lease.assertHeld(tx);
        await forgetWaitingPlan(tx, organizationId);
        if (wish !== null) {
          const actor = { kind: "system", name: "worker" } as const;
          const audit = { ...wish.audit, target: encodeId("org", organizationId) };
          await recordChange(tx, { organizationId, actor, audit });
        }
      });
      if (wish !== null) {
        await refreshCustomer(ready, lease, organizationId);
      }
      return { restored: wish !== null };
    },
    { waitMs: leaseWaitMs },
  );
  if (restored === "busy") {
    throw new DomainError("unavailable", "Somebody else works on the customer.");
  }
  return restored;
}
