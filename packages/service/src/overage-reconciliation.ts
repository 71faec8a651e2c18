import { listOrganizationIds } from "@headroom/db/audit-chains";
import { readClock } from "@headroom/db/clock";
import { rateAgain } from "@headroom/db/closed-periods";
import { type OverageCheck, readOverageCheck, writeOverageCheck } from "@headroom/db/overage-checks";
import { type LedgerRow, resendOverage } from "@headroom/db/overage-ledger";
import { withOrganization, withSystem } from "@headroom/db/tenancy";
import { listPushesOf } from "@headroom/db/usage-pushes";
import { encodeId } from "@headroom/domain/ids";
import {
  type Difference,
  type ReconciliationKind,
  repairable,
} from "@headroom/domain/overage-reconciliation";
import type { ServiceContext } from "./context.ts";
import { judgePush } from "./meter-settling.ts";
import { same, settledLook } from "./overage-comparison.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { requireStripe } from "./stripe/requirements.ts";

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

/** Overage that was written off, because its customer was deleted at Stripe before it was billed. No difference: it stays so. */
export interface WrittenOffOverage {
  organizationId: string;
  overageId: string;
  meter: string;
  periodStart: string;
  quantity: number;
  /** Integer minor units. */
  amount: number;
  currency: string;
  reason: string | null;
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
  writtenOff: WrittenOffOverage[];
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
    writtenOff: [],
  };
  for (const [index, id] of all.entries()) {
    const found = await settledLook(ready, id, since);
    result.periods += found.periods;
    result.rows += found.rows;
    result.writtenOff.push(...found.writtenOff.map(toWrittenOff));
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
      } else if (kind !== "meter_differs" && overageId !== null) {
        await resendOverage(tx, organizationId, overageId);
      }
    }
  });
  for (const { kind, overageId } of differences) {
    if (kind === "meter_differs" && overageId !== null) {
      await judgeAgain(context, organizationId, overageId);
    }
  }
  // A line that is final is given up and put elsewhere, one step at a time.
  for (let step = 0; step < 3; step += 1) {
    await closeDuePeriods(context);
    await reportOverage(context);
  }
  return (await settledLook(context, organizationId, since)).differences;
}

// While its invoice is a draft Stripe may still count it: then it stays as it is, and is looked at once that is final.
async function judgeAgain(context: Ready, organizationId: string, overageId: string): Promise<void> {
  const { db } = context;
  const [push] = await withOrganization(db, organizationId, (tx) =>
    listPushesOf(tx, organizationId, overageId),
  );
  if (push?.state === "sent" && push.counted === null) {
    await judgePush(context, push);
  }
}

function toView(organizationId: string, { periodStart, ...rest }: Difference): OverageDifference {
  return {
    organizationId: encodeId("org", organizationId),
    ...rest,
    periodStart: periodStart === null ? null : new Date(periodStart).toISOString(),
  };
}

function toWrittenOff(row: LedgerRow): WrittenOffOverage {
  const { id, meter, periodStart, quantity, amount, currency, lastError } = row;
  return {
    organizationId: encodeId("org", row.organizationId),
    overageId: id,
    meter,
    periodStart: periodStart.toISOString(),
    quantity,
    amount,
    currency,
    reason: lastError,
  };
}
