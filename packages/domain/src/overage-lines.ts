import { costOf, isWhole } from "./money.ts";
import { type PeriodCount, unitsAboveCap } from "./overage.ts";

/** What a unit above the plan costs, and under which version of which plan. */
export interface LineTerms {
  planId: string;
  planVersion: number;
  /** Decimal string of minor units. */
  unitPrice: string;
  currency: string;
}

/**
 * The part of a period before a plan change that was settled: `count` is the period's as it stood then, from the
 * period's start, under the terms of then.
 */
export interface Segment extends LineTerms {
  position: number;
  count: PeriodCount;
  billAboveCap: boolean;
}

/** One line of a period's bill: segment 0 is what the terms at its end rate, n its n-th segment. */
export interface OverageLine extends LineTerms {
  segment: number;
  quantity: number;
  /** Integer minor units, rounded once, half up. */
  amount: number;
}

/** The units of a count that a bill can have: those above the hard cap are shown and not billed. */
function counted(count: PeriodCount, billAboveCap: boolean): number {
  return count.total - (billAboveCap ? 0 : unitsAboveCap(count));
}

/**
 * The units that each segment and then the rest of a period are billed for. A segment has what stood above the plan's
 * included when it ended, beyond earlier segments; the rest is what the total has above the plan in force, beyond all of
 * them. Where voids take from the total, the latest are lowered first. Without segments this is the plain overage.
 * @returns the units of each segment in order, and last those of the rest.
 */
export function splitUnits(
  period: PeriodCount,
  billAboveCap: boolean,
  segments: readonly Pick<Segment, "count" | "billAboveCap">[],
): number[] {
  const total = counted(period, billAboveCap);
  let settled = 0;
  let billed = 0;
  const units = segments.map(({ count, billAboveCap: all }) => {
    const included = count.included ?? Number.POSITIVE_INFINITY;
    const own = Math.max(0, counted(count, all) - included - settled);
    settled += own;
    const stands = Math.min(own, Math.max(0, total - included - billed));
    billed += stands;
    return stands;
  });
  const rest = Math.max(0, total - (period.included ?? Number.POSITIVE_INFINITY) - billed);
  return [...units, rest];
}

/** Every line that a period's bill has; none of it is empty. `terms`: null where the plan at its end sells no overage. */
export function linesOf(
  period: PeriodCount,
  terms: (LineTerms & { billAboveCap: boolean }) | null,
  segments: readonly Segment[],
): OverageLine[] {
  const units = splitUnits(period, terms?.billAboveCap ?? false, segments);
  const rates = [...segments, ...(terms === null ? [] : [{ ...terms, position: 0 }])];
  return rates.flatMap(({ position, planId, planVersion, unitPrice, currency }, index) => {
    const quantity = units[index] ?? 0;
    const amount = costOf(unitPrice, quantity);
    return quantity === 0
      ? []
      : [{ segment: position, planId, planVersion, unitPrice, currency, quantity, amount }];
  });
}

/** A row of the ledger, as far as its correction goes. */
export interface LedgerEntry extends LineTerms {
  id: string;
  kind: "charge" | "adjustment";
  segment: number;
  quantity: number;
  amount: number;
  /** Its line cannot be changed any more, or was given up for good. */
  fixed: boolean;
}

export type LedgerChange =
  | { change: "insert"; kind: LedgerEntry["kind"]; line: OverageLine }
  | { change: "update"; id: string; quantity: number; amount: number };

/**
 * What makes the ledger's rows of a period add up to its lines, in units and in money: a row that can be changed is;
 * beside those that cannot, an adjustment has the difference, at the same unit price.
 */
export function amendLedger(lines: readonly OverageLine[], rows: readonly LedgerEntry[]): LedgerChange[] {
  const segments = [...new Set([...lines, ...rows].map(({ segment }) => segment))];
  return segments.flatMap((segment) => {
    const wanted = lines.find((line) => line.segment === segment);
    return amendSegment(
      wanted,
      rows.filter((row) => row.segment === segment),
    );
  });
}

function amendSegment(wanted: OverageLine | undefined, rows: readonly LedgerEntry[]): LedgerChange[] {
  const fixed = rows.filter((row) => row.fixed);
  const open = rows.filter((row) => !row.fixed).at(-1);
  const quantity = (wanted?.quantity ?? 0) - sum(fixed, "quantity");
  const amount = (wanted?.amount ?? 0) - sum(fixed, "amount");
  if (open !== undefined) {
    const same = open.quantity === quantity && open.amount === amount;
    return same ? [] : [{ change: "update", id: open.id, quantity, amount }];
  }
  const terms = wanted ?? fixed[0];
  if (terms === undefined || (quantity === 0 && amount === 0)) {
    return [];
  }
  const { planId, planVersion, unitPrice, currency, segment } = terms;
  const line = { planId, planVersion, unitPrice, currency, segment, quantity, amount };
  return [{ change: "insert", kind: fixed.length === 0 ? "charge" : "adjustment", line }];
}

function sum(rows: readonly LedgerEntry[], what: "quantity" | "amount"): number {
  return rows.reduce((total, row) => total + row[what], 0);
}

/** What an invoice item is asked for: units at a price, or an amount. */
export type ItemPricing = { unitPrice: string; quantity: number } | { amount: number };

/**
 * How Stripe is told a row's amount so that its line says exactly that: as units at the unit price, negative for what is
 * given back; as an amount where a difference of two rounded amounts is no multiple of the price.
 */
export function itemPricing({
  unitPrice,
  quantity,
  amount,
}: Pick<LedgerEntry, "unitPrice" | "quantity" | "amount">): ItemPricing {
  const units = Math.abs(quantity);
  const plain = units > 0 && costOf(unitPrice, units) === Math.abs(amount);
  if (plain && quantity > 0 && amount >= 0) {
    return { unitPrice, quantity };
  }
  return plain && quantity < 0 && amount <= 0 && isWhole(unitPrice, units)
    ? { unitPrice: `-${unitPrice}`, quantity: units }
    : { amount };
}
