import { readClock } from "@headroom/db/clock";
import { readStripeMeters } from "@headroom/db/configurations";
import { type Tx, withOrganization, withSystem } from "@headroom/db/tenancy";
import { findPush, listUncountedPushes } from "@headroom/db/usage-push-settling";
import { type PushRow, type PushState, readPushState } from "@headroom/db/usage-pushes";
import type { Difference } from "@headroom/domain/overage-reconciliation";
import { failpoint } from "@headroom/platform/failpoints";
import type { ServiceContext } from "./context.ts";
import { countedAfterMs, type Judgement, judgePush } from "./meter-settling.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { requireStripe } from "./stripe/requirements.ts";

type Ready = Pick<ServiceContext, "db"> & { stripe: StripeGateway };

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
    ({ sentAt, counted }) =>
      counted === null && sentAt !== null && now.getTime() - sentAt.getTime() >= countedAfterMs,
  );
  const meters = settled.length === 0 ? new Map() : await withSystem(context.db, readStripeMeters);
  const differences: Difference[] = [];
  for (const push of settled) {
    const found = await foundOf(context.stripe, push, meters.get(push.meter));
    if (found !== push.value) {
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
    return (await stripe.usageBilled({ invoiceId, priceId, periodEnd: push.periodEnd.getTime() })).units;
  }
  return meterId === undefined ? 0 : stripe.sumMeterEvents({ meterId, customerId, at: push.at.getTime() });
}

const atOnce = 100;

/**
 * Judges every push that was sent and whose final invoice nobody has seen, and carries what those do not bill to invoice
 * items. One that cannot be judged now keeps no other from it, and is judged the next time.
 * @param context `db` as hr_worker. @throws DomainError billing_not_configured
 */
export async function settlePushes(
  context: Pick<ServiceContext, "db" | "stripe" | "log" | "configuration">,
): Promise<Record<Judgement | "failed", number>> {
  const ready = requireStripe(context);
  const { db, log } = ready;
  const result = { open: 0, counted: 0, given_up: 0, failed: 0 };
  const now = await withSystem(db, readClock);
  const sentBefore = new Date(now.getTime() - countedAfterMs);
  const list = (after: Key | null) => (tx: Tx) =>
    listUncountedPushes(tx, { sentBefore, after, most: atOnce });
  for (let after: Key | null = null; ; ) {
    const page: Key[] = await withSystem(db, list(after));
    for (const key of page) {
      try {
        const push = await withOrganization(db, key.organizationId, (tx) => findPush(tx, key));
        if (push?.state === "sent" && push.counted === null) {
          result[await judgePush(ready, push)] += 1;
          failpoint("settle.judged");
        }
      } catch (error) {
        result.failed += 1;
        log.error({ err: error, ...key }, "meter event not compared with its invoice");
      }
    }
    after = page.at(-1) ?? null;
    if (page.length < atOnce) {
      break;
    }
  }
  // What was carried is billed at once, and not found missing by whoever compares next.
  for (let step = 0; step < 3 && result.given_up + result.counted > 0; step += 1) {
    await closeDuePeriods(context);
    await reportOverage(context);
    failpoint("settle.carried");
  }
  return result;
}

type Key = Pick<PushRow, "organizationId" | "identifier">;

/** How many meter events wait for an answer, may have arrived, and were not counted; for metrics. */
export function meterPushes({ db }: Pick<ServiceContext, "db">): Promise<PushState> {
  return readPushState(db);
}
