/**
 * What a year of subscriptions must be billed, worked out from the price list, the instants at which things happened and
 * the units that were used. Imports nothing: it knows neither the product nor the sandbox, only the rules as Stripe and
 * our contract state them: prorations by the second, each line rounded once (half away from zero), a credit is the unused
 * share of what was debited (Stripe, billing mode flexible), a month is the anchor and n months, overage is what a month's
 * total has above what its plan includes. Instants are seconds; amounts cents.
 */

export interface PriceList {
  plan: number;
  seat: number;
  includedUnits: number;
  /** Of a unit above, in thousandths of a cent. */
  unitMillicents: number;
}

/** What the subscription is for from an instant on. */
export interface Terms {
  at: number;
  plan: string;
  seats: number;
  /** How the change was settled: on the next invoice, on one at once, or not at all. */
  settled: "next" | "now" | "none";
}

export interface Month {
  start: number;
  end: number;
  units: number;
  /** The plan in force when it ended. */
  plan: string;
}

export interface Life {
  prices: Readonly<Record<string, PriceList>>;
  /** Months that a period of the plan has. */
  periodMonths: 1 | 12;
  /** Where periods are counted from: the end of the trial where there was one. */
  anchor: number;
  startedAt: number;
  /** The first entry is what was subscribed to. */
  terms: readonly Terms[];
  months: readonly Month[];
  /** The subscription ends at this instant. */
  endedAt: number;
}

export interface Line {
  kind: "plan" | "seat" | "overage";
  quantity: number;
  amount: number;
  start: number;
  end: number;
}

export interface Bill {
  why: "start" | "renewal" | "change" | "month" | "end";
  lines: Line[];
}

/** `unit × quantity × part / whole`, rounded once, halves away from zero. */
export function share(unit: number, quantity: number, part = 1, whole = 1): number {
  const exact = BigInt(unit) * BigInt(quantity) * BigInt(part);
  const half = (2n * exact + BigInt(whole)) / (2n * BigInt(whole));
  return Number(half);
}

/** An instant and n months, in UTC; the month's last day where the day is missing. */
export function addMonths(from: number, count: number): number {
  const date = new Date(from * 1000);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count + 1, 0)).getUTCDate();
  const time = date.getTime() - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return Math.floor((first + (Math.min(date.getUTCDate(), last) - 1) * 86_400_000 + time) / 1000);
}

/** Every bill of a life, in the order in which they are made. */
export function billsOf(life: Life): Bill[] {
  const bills: { at: number; bill: Bill }[] = [];
  const debited: Debited = new Map();
  const pending: { at: number; line: Line }[] = [];
  const takePending = (until: number): Line[] =>
    pending.splice(0, pending.filter(({ at }) => at <= until).length).map(({ line }) => line);

  const boundaries: number[] = [];
  for (let n = 0; addMonths(life.anchor, n * life.periodMonths) <= life.endedAt; n += 1) {
    boundaries.push(addMonths(life.anchor, n * life.periodMonths));
  }
  const instants = new Set([...life.terms.map(({ at }) => at), ...boundaries]);
  for (const at of [...instants].sort((a, b) => a - b)) {
    const before = termsBefore(life, at);
    const now = life.terms.find((one) => one.at === at);
    if (now && before) {
      for (const line of prorations(life, before, now, debited)) pending.push({ at, line });
      if (now.settled === "now") bills.push({ at, bill: { why: "change", lines: takePending(at) } });
    }
    if (boundaries.includes(at) && at < life.endedAt) {
      const current = now ?? before;
      const ahead = current ? periodLines(life, current, at) : [];
      debited.clear();
      for (const line of ahead) debited.set(line.kind, line);
      const lines = [...takePending(at), ...ahead];
      bills.push({ at, bill: { why: at === life.startedAt ? "start" : "renewal", lines } });
    }
  }
  for (const month of life.months) {
    const line = overageLine(life, month);
    if (line === null) continue;
    const renewal = bills.find(({ at, bill }) => at === month.end && bill.why === "renewal");
    if (renewal) renewal.bill.lines.push(line);
    else
      bills.push({
        at: month.end,
        bill: { why: month.end >= life.endedAt ? "end" : "month", lines: [line] },
      });
  }
  return bills.sort((a, b) => a.at - b.at).map(({ bill }) => bill);
}

function termsBefore({ terms }: Life, at: number): Terms | undefined {
  return terms.filter((one) => one.at < at).at(-1);
}

function periodAround(life: Life, at: number): { start: number; end: number } {
  let n = 0;
  while (addMonths(life.anchor, (n + 1) * life.periodMonths) <= at) n += 1;
  return {
    start: addMonths(life.anchor, n * life.periodMonths),
    end: addMonths(life.anchor, (n + 1) * life.periodMonths),
  };
}

/** The debit of the running period that each item's credit is a share of. */
type Debited = Map<Line["kind"], Line>;

/** A trial is credited and charged nothing: what happens in it costs from its end on. */
function prorations(life: Life, before: Terms, now: Terms, debited: Debited): Line[] {
  if (now.settled === "none" || now.at < life.anchor) return [];
  const { start, end } = periodAround(life, now.at);
  const credit = (kind: "plan" | "seat", quantity: number): Line => {
    const paid = debited.get(kind);
    const amount = paid === undefined ? 0 : -share(paid.amount, 1, end - now.at, paid.end - paid.start);
    return { kind, quantity, amount, start: now.at, end };
  };
  const debit = (kind: "plan" | "seat", unit: number, quantity: number): Line => {
    const amount = share(unit, quantity, end - now.at, end - start);
    const line = { kind, quantity, amount, start: now.at, end };
    debited.set(kind, line);
    return line;
  };
  const { plan, seat } = priceOf(life, now.plan);
  const samePlan = before.plan === now.plan;
  const lines = [
    ...(samePlan ? [] : [credit("plan", 1), debit("plan", plan, 1)]),
    ...(samePlan && before.seats === now.seats
      ? []
      : [credit("seat", before.seats), debit("seat", seat, now.seats)]),
  ];
  return lines.filter(({ amount }) => amount !== 0);
}

function periodLines(life: Life, terms: Terms, start: number): Line[] {
  const { end } = periodAround(life, start);
  const { plan, seat } = priceOf(life, terms.plan);
  const lines: Line[] = [
    { kind: "plan", quantity: 1, amount: plan, start, end },
    { kind: "seat", quantity: terms.seats, amount: share(seat, terms.seats), start, end },
  ];
  return lines.filter(({ quantity }) => quantity > 0);
}

function overageLine(life: Life, { start, end, units, plan }: Month): Line | null {
  const { includedUnits, unitMillicents } = priceOf(life, plan);
  const quantity = Math.max(0, units - includedUnits);
  return quantity === 0
    ? null
    : { kind: "overage", quantity, amount: overageCents(unitMillicents, quantity), start, end };
}

/** What units above cost. */
export function overageCents(unitMillicents: number, quantity: number): number {
  return share(unitMillicents, quantity, 1, 1000);
}

function priceOf({ prices }: Life, plan: string): PriceList {
  const found = prices[plan];
  if (!found) throw new Error(`no price list for ${plan}`);
  return found;
}
