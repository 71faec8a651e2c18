import { listSegments } from "@headroom/db/closed-periods";
import { withOrganization } from "@headroom/db/tenancy";
import { listUnbilledPeriods, type UnbilledPeriodRow } from "@headroom/db/unbilled-periods";
import { encodeId } from "@headroom/domain/ids";
import { plainPrice } from "@headroom/domain/money";
import { linesOf, type OverageLine } from "@headroom/domain/overage-lines";
import type { ServiceContext } from "./context.ts";
import { toSegment } from "./overage-rating.ts";

/** A period whose overage Headroom does not bill. */
export interface UnbilledPeriod {
  /** `org_…` */
  organizationId: string;
  meter: string;
  /** ISO 8601. */
  periodStart: string;
  periodEnd: string;
  /** `open`: as billing stands; `billing.liveFrom` still decides otherwise. `closed`: for good. */
  state: "open" | "closed";
  /** Units above what the plan includes, of an open period those so far. */
  quantity: number;
  /** Integer minor units. */
  amount: number;
  currency: string;
}

export interface UnbilledPeriods {
  /** How many there are; `periods` has the first of them. */
  count: number;
  periods: UnbilledPeriod[];
}

/**
 * The periods with overage that Headroom does not bill: what runs or has ended and is not closed, with its overage by now,
 * then what was closed so within 35 days.
 * @param context `db` as hr_api or hr_worker
 */
export async function readUnbilledPeriods(
  context: Pick<ServiceContext, "db" | "configuration">,
  most: number,
): Promise<UnbilledPeriods> {
  const rows = await listUnbilledPeriods(context.db, most);
  const periods: UnbilledPeriod[] = [];
  for (const row of rows) {
    const { meter, periodStart, periodEnd, currency } = row;
    const organizationId = encodeId("org", row.organizationId);
    const closed = row.quantity !== null && row.amount !== null;
    const { quantity, amount } = closed
      ? { quantity: row.quantity ?? 0, amount: row.amount ?? 0 }
      : sumOf(await openLines(context, row));
    periods.push({
      organizationId,
      meter,
      periodStart: periodStart.toISOString(),
      periodEnd: periodEnd.toISOString(),
      state: closed ? "closed" : "open",
      quantity,
      amount,
      currency,
    });
  }
  return { count: rows[0]?.periods ?? 0, periods };
}

/** The bill that an open period would have if it ended now. */
async function openLines(
  { db, configuration }: Pick<ServiceContext, "db" | "configuration">,
  row: UnbilledPeriodRow,
): Promise<OverageLine[]> {
  const { organizationId, planId, planVersion, included, hardCap, unitPrice, currency, billAboveCap } = row;
  const segments =
    configuration.policies.overage.onPlanChange === "settle"
      ? await withOrganization(db, organizationId, (tx) => listSegments(tx, organizationId, row))
      : [];
  const terms =
    unitPrice === null
      ? null
      : { planId, planVersion, unitPrice: plainPrice(unitPrice), currency, billAboveCap };
  const count = { total: row.total ?? 0, overCap: row.overCap ?? 0, included, hardCap };
  return linesOf(count, terms, segments.map(toSegment));
}

function sumOf(lines: readonly OverageLine[]): { quantity: number; amount: number } {
  return {
    quantity: lines.reduce((sum, one) => sum + one.quantity, 0),
    amount: lines.reduce((sum, one) => sum + one.amount, 0),
  };
}
