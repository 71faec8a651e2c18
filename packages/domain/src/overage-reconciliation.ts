import type { OverageLine } from "./overage-lines.ts";

/**
 * What does not agree: a closed period's total with its recount; the ledger with the period's bill; a row with what Stripe
 * has of it (not sent, missing, other numbers, on a void invoice, twice); a line of ours without a row; usage that was told to
 * a billing meter and is not in its sums.
 */
export type ReconciliationKind =
  | "total_differs"
  | "ledger_differs"
  | "not_sent"
  | "line_missing"
  | "line_differs"
  | "line_void"
  | "line_twice"
  | "line_unknown"
  | "meter_differs";

/** Those that can be put right without a person: what lacks is sent, what differs is amended. */
export const repairable: readonly ReconciliationKind[] = [
  "ledger_differs",
  "not_sent",
  "line_missing",
  "line_differs",
  "meter_differs",
];

export interface ReconciledPeriod {
  meter: string;
  /** Milliseconds since 1970. */
  periodStart: number;
  total: number;
  overCap: number;
  /** By events and tallies, now. */
  counted: number;
  countedOverCap: number;
  /** What the rules come to. */
  bill: readonly OverageLine[];
}

export interface ReconciledRow {
  id: string;
  meter: string;
  /** Milliseconds since 1970. */
  periodStart: number;
  segment: number;
  quantity: number;
  unitPrice: string;
  amount: number;
  currency: string;
  status: "pending" | "sent" | "withdrawn" | "written_off" | "shadow";
  /** It has been pending for longer than sending takes, and waits for nothing. */
  late: boolean;
  /** It was told to a billing meter: it has no line of ours. */
  byMeter?: boolean;
  /** Of a customer who was deleted at Stripe: nobody can be asked for its lines. */
  unasked?: boolean;
}

export interface ReconciledLine {
  invoiceItemId: string;
  ledgerId: string;
  invoiceId: string | null;
  /** null: Stripe has no such invoice. */
  invoiceStatus: string | null;
  quantity: number;
  unitPrice: string | null;
  amount: number;
  currency: string;
}

export interface Difference {
  kind: ReconciliationKind;
  meter: string | null;
  periodStart: number | null;
  overageId: string | null;
  invoiceId: string | null;
  /** What is on record with us; null: nothing. */
  kept: string | null;
  /** What the recount, the rules or Stripe say. */
  found: string | null;
}

/** Everything in which recount, periods, ledger and Stripe's lines of one organization differ. `lines`: null: nobody can be asked. */
export function reconcile(
  periods: readonly ReconciledPeriod[],
  rows: readonly ReconciledRow[],
  lines: readonly ReconciledLine[] | null,
  known: ReadonlySet<string>,
): Difference[] {
  return [
    ...periods.flatMap((period) => periodDifferences(period, rows)),
    ...(lines === null ? [] : rows.flatMap((row) => rowDifferences(row, lines))),
    ...(lines ?? []).filter((line) => !known.has(line.ledgerId) && stands(line)).map(unknown),
  ];
}

function periodDifferences(period: ReconciledPeriod, rows: readonly ReconciledRow[]): Difference[] {
  const { meter, periodStart, total, overCap, counted, countedOverCap, bill } = period;
  const place = { meter, periodStart, overageId: null, invoiceId: null };
  const found: Difference[] = [];
  if (total !== counted || overCap !== countedOverCap) {
    const [kept, recount] = [count(total, overCap), count(counted, countedOverCap)];
    found.push({ kind: "total_differs", ...place, kept, found: recount });
  }
  const own = rows.filter((row) => row.meter === meter && row.periodStart === periodStart);
  for (const segment of new Set([...own, ...bill].map((one) => one.segment))) {
    const kept = sum(own.filter((row) => row.segment === segment));
    const due = sum(bill.filter((line) => line.segment === segment));
    if (kept !== due) {
      found.push({ kind: "ledger_differs", ...place, kept, found: due });
    }
  }
  return found;
}

function rowDifferences(row: ReconciledRow, lines: readonly ReconciledLine[]): Difference[] {
  const { id: overageId, meter, periodStart } = row;
  const own = lines.filter((line) => line.ledgerId === overageId);
  const standing = own.filter(stands);
  const [line] = standing;
  const difference = (kind: ReconciliationKind, at: ReconciledLine | undefined): Difference => ({
    kind,
    meter,
    periodStart,
    overageId,
    invoiceId: at?.invoiceId ?? null,
    kept: row.status === "withdrawn" ? null : lineText(row),
    found: at === undefined ? null : lineText(at),
  });
  if (row.status === "pending") {
    return row.late ? [difference("not_sent", line)] : [];
  }
  if (row.unasked) {
    return [];
  }
  if (standing.length > 1) {
    return [difference("line_twice", standing[1])];
  }
  if (row.status !== "sent" || row.byMeter) {
    return line === undefined ? [] : [difference("line_unknown", line)];
  }
  if (line === undefined) {
    const voided = own.find(({ invoiceStatus }) => invoiceStatus === "void");
    return [difference(voided === undefined ? "line_missing" : "line_void", voided)];
  }
  return lineText(line) === lineText(row) ? [] : [difference("line_differs", line)];
}

function unknown(line: ReconciledLine): Difference {
  const { ledgerId, invoiceId } = line;
  const place = { meter: null, periodStart: null, overageId: ledgerId, invoiceId };
  return { kind: "line_unknown", ...place, kept: null, found: lineText(line) };
}

function stands({ invoiceStatus }: ReconciledLine): boolean {
  return invoiceStatus !== null && invoiceStatus !== "void";
}

function lineText(line: Pick<ReconciledLine, "quantity" | "unitPrice" | "amount" | "currency">): string {
  return `${line.quantity} × ${line.unitPrice} = ${line.amount} ${line.currency}`;
}

function count(total: number, overCap: number): string {
  return `${total} units, ${overCap} above the cap`;
}

function sum(lines: readonly { quantity: number; amount: number; currency: string }[]): string {
  const quantity = lines.reduce((all, line) => all + line.quantity, 0);
  const amount = lines.reduce((all, line) => all + line.amount, 0);
  return `${quantity} units, ${amount}`;
}
