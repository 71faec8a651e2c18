import { readClock } from "@headroom/db/clock";
import {
  type ClosedPeriod,
  closePeriod,
  decideShadow,
  listSegments,
  type SegmentRow,
  takePeriod,
} from "@headroom/db/closed-periods";
import { amendOverage, insertOverage, type LedgerRow, listLedger } from "@headroom/db/overage-ledger";
import type { Tx } from "@headroom/db/tenancy";
import { plainPrice } from "@headroom/domain/money";
import {
  amendLedger,
  type LineTerms,
  linesOf,
  type OverageLine,
  type Segment,
} from "@headroom/domain/overage-lines";
import { uuidv7 } from "@headroom/platform/uuid";

interface PeriodKey {
  organizationId: string;
  meter: string;
  periodStart: Date;
}

/** Counts an ended period, closes it and writes its bill into the ledger. False: another process was faster. */
export async function closeAndRate(tx: Tx, key: PeriodKey): Promise<boolean> {
  const period = await closePeriod(tx, key);
  return rate(tx, key, period && { ...period, shadow: await decideShadow(tx, key) });
}

/** Makes the ledger of a closed period agree with its total. False: another process was faster. */
export async function rateAmended(tx: Tx, key: PeriodKey): Promise<boolean> {
  return rate(tx, key, await takePeriod(tx, key));
}

async function rate(tx: Tx, { organizationId }: PeriodKey, period: ClosedPeriod | null): Promise<boolean> {
  if (period === null) {
    return false;
  }
  const { meter, periodStart, periodEnd } = period;
  const segments = await listSegments(tx, organizationId, period);
  const rows = await listLedger(tx, organizationId, period);
  const now = await readClock(tx);
  for (const change of amendLedger(billOf(period, segments), rows.map(toEntry))) {
    if (change.change === "update") {
      await amendOverage(tx, organizationId, change.id, change);
    } else {
      const { kind, line } = change;
      await insertOverage(tx, {
        organizationId,
        id: uuidv7(),
        kind,
        meter,
        periodStart,
        periodEnd,
        ...line,
        shadow: period.shadow,
        now,
      });
    }
  }
  return true;
}

/** The lines that a closed period's bill has. */
export function billOf(period: ClosedPeriod, segments: readonly SegmentRow[]): OverageLine[] {
  return linesOf(period, termsOf(period), segments.map(toSegment));
}

function termsOf(period: ClosedPeriod): (LineTerms & { billAboveCap: boolean }) | null {
  const { planId, planVersion, unitPrice, currency, billAboveCap, billable } = period;
  return billable && unitPrice !== null && currency !== null
    ? { planId, planVersion, unitPrice: plainPrice(unitPrice), currency, billAboveCap }
    : null;
}

/** A segment in the domain's words. */
export function toSegment({ used, overCap, included, hardCap, unitPrice, ...rest }: SegmentRow): Segment {
  return { ...rest, unitPrice: plainPrice(unitPrice), count: { total: used, overCap, included, hardCap } };
}

/** A ledger row in the domain's words. */
function toEntry({ unitPrice, ...row }: LedgerRow) {
  return { ...row, unitPrice: plainPrice(unitPrice) };
}
