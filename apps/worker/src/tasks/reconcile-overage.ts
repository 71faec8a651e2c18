import type { ServiceContext } from "@headroom/service/context";
import { settlePushes } from "@headroom/service/meter-reconciliation";
import { noteReconciliation, reconcileOverage } from "@headroom/service/overage-reconciliation";

const day = 86_400_000;
/** Two months: longer than a bill is corrected. */
const recent = 62 * day;

/**
 * Carries what final invoices do not bill of what meters were told to invoice items; then compares the ledgers of recent
 * periods with their recount and with Stripe. A difference is for people, not a retry.
 */
export async function reconcile(context: ServiceContext): Promise<void> {
  if (context.stripe === null) {
    return;
  }
  if (!context.stripe.readOnly) {
    const pushes = await settlePushes(context);
    context.log.info({ ...pushes }, "meter events compared with their invoices");
  }
  const found = await reconcileOverage(context, { recent });
  for (const difference of found.differences) {
    context.log.error({ ...difference }, "overage does not agree");
  }
  await noteReconciliation(context, found);
  const { periods, differences } = found;
  context.log.info({ periods, differences: differences.length }, "overage reconciled");
}
