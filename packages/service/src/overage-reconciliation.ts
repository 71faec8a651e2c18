import { setTimeout as pause } from "node:timers/promises";
import { listOrganizationIds } from "@headroom/db/audit-chains";
import { readClock } from "@headroom/db/clock";
import { listClosedPeriods, listSegments, rateAgain } from "@headroom/db/closed-periods";
import { findCustomer } from "@headroom/db/customers";
import { type OverageCheck, readOverageCheck, writeOverageCheck } from "@headroom/db/overage-checks";
import { type LedgerRow, listAllOverages, resendOverage } from "@headroom/db/overage-ledger";
import { withOrganization, withSnapshot, withSystem } from "@headroom/db/tenancy";
import { listPushesOf, listSentPushes, rejectPushes } from "@headroom/db/usage-pushes";
import { encodeId } from "@headroom/domain/ids";
import { plainPrice } from "@headroom/domain/money";
import {
  type Difference,
  type ReconciledLine,
  type ReconciledRow,
  type ReconciliationKind,
  reconcile,
  repairable,
} from "@headroom/domain/overage-reconciliation";
import type { ServiceContext } from "./context.ts";
import { requireStripe } from "./customers.ts";
import { meterDifferences } from "./meter-reconciliation.ts";
import { billOf } from "./overage-rating.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log" | "configuration">;

/** Something that does not agree. Instants are ISO 8601; `kept` is ours, `found` the recount's, the rules' or Stripe's. */
export interface OverageDifference {
  organizationId: string;
  kind: ReconciliationKind;
  meter: string | null;
  periodStart: string | null;
  overageId: string | null;
  invoiceId: string | null;
  kept: string | null;
  found: string | null;
}

export interface Reconciliation {
  organizations: number;
  /** Closed periods compared. */
  periods: number;
  /** Rows of the ledger compared. */
  rows: number;
  differences: OverageDifference[];
  /** What was put right; under `dryRun`, what would be. */
  repaired: OverageDifference[];
}

export interface ReconciliationInput {
  /** Raw UUID; absent: all organizations. */
  organizationId?: string | undefined;
  /** Only periods that ended at or after it. */
  since?: Date | undefined;
  /** The same, as milliseconds back from now. */
  recent?: number;
  /** Send what lacks and amend what differs, then compare again. */
  repair?: boolean;
  /** With `repair`: say what would be done, and do nothing. */
  dryRun?: boolean;
  onProgress?: (done: number, total: number) => void;
}

/** Sending takes seconds; a worker that was restarted, minutes. */
const lateMs = 15 * 60_000;
const againMs = 1_000;

/**
 * Proves that for every closed period the recount of its events, its total, the ledger and Stripe's invoice lines are the
 * same. What differs is looked at twice, because usage and the worker go on meanwhile.
 * @param context `db` as hr_worker @throws DomainError billing_not_configured, StripeFault
 */
export async function reconcileOverage(
  context: Context,
  input: ReconciliationInput = {},
): Promise<Reconciliation> {
  const ready = requireStripe(context);
  const since = await sinceOf(context, input);
  const { organizationId, repair = false, dryRun = false, onProgress } = input;
  const all = organizationId === undefined ? await listOrganizationIds(context.db) : [organizationId];
  const result: Reconciliation = {
    organizations: all.length,
    periods: 0,
    rows: 0,
    differences: [],
    repaired: [],
  };
  for (const [index, id] of all.entries()) {
    const found = await settledLook(ready, id, since);
    result.periods += found.periods;
    result.rows += found.rows;
    const right = repair ? found.differences.filter(({ kind }) => repairable.includes(kind)) : [];
    const left = right.length === 0 || dryRun ? found.differences : await repairAll(ready, id, right, since);
    result.differences.push(...left.map((one) => toView(id, one)));
    result.repaired.push(
      ...right
        .filter((one) => dryRun || !left.some((other) => same(one, other)))
        .map((one) => toView(id, one)),
    );
    onProgress?.(index + 1, all.length);
  }
  return result;
}

async function sinceOf({ db }: Context, { since, recent }: ReconciliationInput): Promise<Date | null> {
  if (since !== undefined || recent === undefined) {
    return since ?? null;
  }
  const now = await withSystem(db, readClock);
  return new Date(now.getTime() - recent);
}

/** Notes for metrics what a look at every organization found. @param context `db` as hr_worker */
export async function noteReconciliation(
  { db }: Pick<ServiceContext, "db">,
  found: Reconciliation,
): Promise<void> {
  const { periods, differences } = found;
  await withSystem(db, (tx) => writeOverageCheck(tx, { periods, differences: differences.length }));
}

/** The outcome noted last; null before the first. */
export function lastReconciliation({ db }: Pick<ServiceContext, "db">): Promise<OverageCheck | null> {
  return readOverageCheck(db);
}

type Ready = Context & { stripe: StripeGateway };

interface Look {
  periods: number;
  rows: number;
  differences: Difference[];
}

async function settledLook(context: Ready, organizationId: string, since: Date | null): Promise<Look> {
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
  const differences = reconcile(
    periods,
    rows.map((row) => ({ ...toRow(row, now), byMeter: byMeter.has(row.id) })),
    lines,
    known,
  );
  const pushes = kept.pushes.filter(({ periodEnd }) => since === null || periodEnd >= since);
  const uncounted = customer === null ? [] : await meterDifferences({ db, stripe }, pushes, now);
  return { periods: periods.length, rows: rows.length, differences: [...differences, ...uncounted] };
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

async function repairAll(
  context: Ready,
  organizationId: string,
  differences: readonly Difference[],
  since: Date | null,
): Promise<Difference[]> {
  await withOrganization(context.db, organizationId, async (tx) => {
    for (const { kind, meter, periodStart, overageId } of differences) {
      if (kind === "ledger_differs" && meter !== null && periodStart !== null) {
        await rateAgain(tx, { organizationId, meter, periodStart: new Date(periodStart) });
      } else if (kind === "meter_differs" && overageId !== null) {
        const [push] = await listPushesOf(tx, organizationId, overageId);
        await rejectPushes(tx, push === undefined ? [] : [push.identifier], "not_counted");
      } else if (overageId !== null) {
        await resendOverage(tx, organizationId, overageId);
      }
    }
  });
  // A line that is final is given up and put elsewhere, one step at a time.
  for (let step = 0; step < 3; step += 1) {
    await closeDuePeriods(context);
    await reportOverage(context);
  }
  return (await settledLook(context, organizationId, since)).differences;
}

function same(a: Difference, b: Difference): boolean {
  return (
    a.kind === b.kind && a.meter === b.meter && a.overageId === b.overageId && a.periodStart === b.periodStart
  );
}

function toView(organizationId: string, { periodStart, ...rest }: Difference): OverageDifference {
  return {
    organizationId: encodeId("org", organizationId),
    ...rest,
    periodStart: periodStart === null ? null : new Date(periodStart).toISOString(),
  };
}
