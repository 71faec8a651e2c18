import { setTimeout as pause } from "node:timers/promises";
import { readClock } from "@headroom/db/clock";
import { listClosedPeriods, listSegments } from "@headroom/db/closed-periods";
import { findCustomer, listFormerCustomers } from "@headroom/db/customers";
import { type LedgerRow, listAllOverages } from "@headroom/db/overage-ledger";
import { withSnapshot } from "@headroom/db/tenancy";
import { listSentPushes } from "@headroom/db/usage-pushes";
import { plainPrice } from "@headroom/domain/money";
import { isOfFormerCustomer } from "@headroom/domain/overage";
import {
  type Difference,
  type ReconciledLine,
  type ReconciledRow,
  reconcile,
} from "@headroom/domain/overage-reconciliation";
import type { ServiceContext } from "./context.ts";
import { meterDifferences } from "./meter-reconciliation.ts";
import { billOf } from "./overage-rating.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

/** Sending takes seconds; a worker that was restarted, minutes. */
const lateMs = 15 * 60_000;
const againMs = 1_000;

type Ready = Pick<ServiceContext, "db"> & { stripe: StripeGateway };

/** One organization, as it was found. */
export interface Look {
  /** Closed periods compared. */
  periods: number;
  /** Rows of the ledger compared. */
  rows: number;
  differences: Difference[];
  /** What can be billed to nobody: its customer was deleted at Stripe. */
  writtenOff: LedgerRow[];
}

/**
 * What of an organization does not agree, in periods that ended at or after an instant (null: ever): seen twice, a second apart.
 * @param context `db` as hr_worker
 */
export async function settledLook(context: Ready, organizationId: string, since: Date | null): Promise<Look> {
  const first = await look(context, organizationId, since);
  if (first.differences.length === 0) {
    return first;
  }
  await pause(againMs);
  const second = await look(context, organizationId, since);
  const differences = second.differences.filter((one) => first.differences.some((other) => same(one, other)));
  return { ...second, differences };
}

async function look({ db, stripe }: Ready, organizationId: string, since: Date | null): Promise<Look> {
  const kept = await withSnapshot(db, organizationId, async (tx) => ({
    customerId: await findCustomer(tx, organizationId),
    former: (await listFormerCustomers(tx, organizationId))[0]?.deletedAt.getTime() ?? null,
    periods: await listClosedPeriods(tx, organizationId, since),
    segments: await listSegments(tx, organizationId),
    rows: await listAllOverages(tx, organizationId),
    pushes: await listSentPushes(tx, organizationId),
    now: await readClock(tx),
  }));
  const { customerId, now } = kept;
  const customer = customerId === null ? null : await stripe.fetchCustomer(customerId);
  const lines = customerId === null || customer === null ? null : await linesOf(stripe, customerId);
  const periods = kept.periods.map((period) => {
    const own = kept.segments.filter(
      ({ meter, periodStart }) =>
        meter === period.meter && periodStart.getTime() === period.periodStart.getTime(),
    );
    return { ...period, periodStart: period.periodStart.getTime(), bill: billOf(period, own) };
  });
  const rows = kept.rows.filter(({ periodEnd }) => since === null || periodEnd >= since);
  const known = new Set(kept.rows.map(({ id }) => id));
  const byMeter = new Set(kept.pushes.map(({ overageId }) => overageId));
  const subscriptions = customer?.subscriptions ?? [];
  const isGone = (periodStart: Date) => isOfFormerCustomer(periodStart.getTime(), kept.former, subscriptions);
  const differences = reconcile(
    periods,
    rows.map((row) => ({
      ...toRow(row, now),
      byMeter: byMeter.has(row.id),
      unasked: isGone(row.periodStart),
    })),
    lines,
    known,
  );
  const pushes = kept.pushes.filter(
    ({ periodStart, periodEnd }) => !isGone(periodStart) && (since === null || periodEnd >= since),
  );
  const uncounted = customer === null ? [] : await meterDifferences({ db, stripe }, pushes, now);
  return {
    periods: periods.length,
    rows: rows.length,
    differences: [...differences, ...uncounted],
    writtenOff: rows.filter(({ status }) => status === "written_off"),
  };
}

async function linesOf(stripe: StripeGateway, customerId: string): Promise<ReconciledLine[]> {
  const items = await stripe.listCustomerLedgerItems(customerId);
  const statuses = new Map<string, string>();
  for (let after: string | null = null; items.length > 0; ) {
    const { invoices, more } = await stripe.listInvoices(customerId, { limit: 100, after });
    for (const { id, status } of invoices) {
      statuses.set(id, status);
    }
    after = invoices.at(-1)?.id ?? null;
    if (!more || after === null) {
      break;
    }
  }
  return items.map(({ id, ...item }) => ({
    ...item,
    invoiceItemId: id,
    invoiceStatus: item.invoiceId === null ? null : (statuses.get(item.invoiceId) ?? null),
  }));
}

function toRow(row: LedgerRow, now: Date): ReconciledRow {
  const waiting = row.waits || now.getTime() - row.createdAt.getTime() < lateMs;
  const periodStart = row.periodStart.getTime();
  return {
    ...row,
    periodStart,
    unitPrice: plainPrice(row.unitPrice),
    late: row.status === "pending" && !waiting,
  };
}

/** True for what does not agree in the same way at the same place, whatever the numbers are. */
export function same(a: Difference, b: Difference): boolean {
  return (
    a.kind === b.kind && a.meter === b.meter && a.overageId === b.overageId && a.periodStart === b.periodStart
  );
}
