import { readStripeMeters } from "@headroom/db/configurations";
import { withSystem } from "@headroom/db/tenancy";
import { type PushRow, type PushState, readPushState } from "@headroom/db/usage-pushes";
import type { Difference } from "@headroom/domain/overage-reconciliation";
import type { ServiceContext } from "./context.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

type Ready = Pick<ServiceContext, "db"> & { stripe: StripeGateway };

/** Stripe counts what it has taken after a while. */
const countedAfterMs = 15 * 60_000;

/**
 * Pushes that were sent and that Stripe does not have: on the invoice's line once that is final, in its sums before. Sums
 * also show what no error report named.
 */
export async function meterDifferences(
  context: Ready,
  pushes: readonly PushRow[],
  now: Date,
): Promise<Difference[]> {
  const settled = pushes.filter(
    ({ sentAt }) => sentAt !== null && now.getTime() - sentAt.getTime() >= countedAfterMs,
  );
  const meters = settled.length === 0 ? new Map() : await withSystem(context.db, readStripeMeters);
  const differences: Difference[] = [];
  for (const push of settled) {
    const found = await foundOf(context.stripe, push, meters.get(push.meter));
    if (found < push.value) {
      differences.push({
        kind: "meter_differs",
        meter: push.meter,
        periodStart: push.periodStart.getTime(),
        overageId: push.overageId,
        invoiceId: push.invoiceId,
        kept: `${push.value} units`,
        found: `${found} units`,
      });
    }
  }
  return differences;
}

async function foundOf(stripe: StripeGateway, push: PushRow, meterId: string | undefined): Promise<number> {
  const { invoiceId, priceId, customerId } = push;
  const { status } = await stripe.fetchInvoice(invoiceId);
  if (status !== "draft") {
    return stripe.usageBilled({ invoiceId, priceId, periodEnd: push.periodEnd.getTime() });
  }
  return meterId === undefined ? 0 : stripe.sumMeterEvents({ meterId, customerId, at: push.at.getTime() });
}

/** How many meter events wait for an answer, may have arrived, and were not counted; for metrics. */
export function meterPushes({ db }: Pick<ServiceContext, "db">): Promise<PushState> {
  return readPushState(db);
}
