/**
 * Which lines of plans and seats a subscription must be billed for, worked out from the price list and from what its
 * items were, second by second. Imports neither product nor sandbox; the rules are those of `year-oracle.ts`, and, for
 * how a change within a period is settled, those that our documentation states (docs/billing.md, docs/seats.md).
 */
import { share } from "./year-oracle.ts";

/** What a plan costs for one period, in cents. */
export interface PlanPrice {
  plan: number;
  seat: number;
  /** Whether its seats follow the members, or are bought. */
  follows: boolean;
  /** How a change to this plan within a period is settled. */
  proration: "next" | "now";
}

/** By `plan/interval`. */
export type PlanPrices = Readonly<Record<string, PlanPrice>>;

export interface Item {
  id: string;
  kind: "plan" | "seat";
  /** `plan/interval`. */
  plan: string;
  quantity: number;
  start: number;
  end: number;
}

/** A subscription from an instant on, in seconds. */
export interface State {
  at: number;
  status: string;
  items: readonly Item[];
}

/** A line of an invoice, whichever. */
export interface SubscriptionLine {
  kind: "plan" | "seat";
  plan: string;
  quantity: number;
  amount: number;
  start: number;
  end: number;
}

/** How a change is settled: on the next invoice, on one at once, or not at all. */
type Settlement = "next" | "now" | "none";

/**
 * The lines worth money of all invoices of one subscription, in no order. What waits for an invoice when the
 * subscription ends is billed on none.
 * @param states in the order in which they came about, the first one being the start.
 */
export function linesOf(states: readonly State[], prices: PlanPrices): SubscriptionLine[] {
  const billed: SubscriptionLine[] = [];
  const pending: SubscriptionLine[] = [];
  const debits = new Map<string, SubscriptionLine>();
  let inForce = "";
  let before: State | null = null;
  for (const now of states) {
    if (before === null || startOf(before) !== startOf(now)) {
      inForce = planOf(now);
      debits.clear();
      for (const item of now.status === "trialing" ? [] : now.items) {
        debits.set(item.id, lineOf(item, item.start, amountOf(item, prices)));
      }
      billed.push(...pending.splice(0), ...debits.values());
    } else {
      const settled = settlementOf(before, now, inForce, prices);
      if (settled !== "none") pending.push(...prorations(before, now, debits, prices));
      if (settled === "now") billed.push(...pending.splice(0));
      if (!waits(now, inForce, prices)) inForce = planOf(now);
    }
    before = now;
  }
  return billed.filter(({ amount }) => amount !== 0);
}

/** What was debited for the rest of the period is credited, and the rest is debited anew, for each item that changed. */
function prorations(
  before: State,
  now: State,
  debits: Map<string, SubscriptionLine>,
  prices: PlanPrices,
): SubscriptionLine[] {
  const lines: SubscriptionLine[] = [];
  const former = new Map(before.items.map((item) => [item.id, item]));
  const gone = before.items.filter(({ id }) => !now.items.some((item) => item.id === id));
  const changed = now.items.filter((item) => !isSame(former.get(item.id), item));
  for (const { id } of [...gone, ...changed]) {
    const debit = debits.get(id);
    if (debit === undefined) continue;
    const amount = -share(debit.amount, 1, debit.end - now.at, debit.end - debit.start);
    lines.push({ ...debit, start: now.at, amount });
    debits.delete(id);
  }
  for (const item of changed) {
    const amount = amountOf(item, prices, item.end - now.at);
    const line = lineOf(item, now.at, amount);
    lines.push(line);
    debits.set(item.id, line);
  }
  return lines;
}

function settlementOf(before: State, now: State, inForce: string, prices: PlanPrices): Settlement {
  // A trial is free, and what is not paid is not charged more.
  if (before.status !== "active") return "none";
  const waiting = waits(now, inForce, prices);
  // Who buys seats of a plan that waits has them now.
  if (planOf(now) === planOf(before)) {
    return waiting && priceOf(planOf(now), prices).follows ? "none" : "next";
  }
  return waiting || planOf(now) === inForce ? "none" : priceOf(planOf(now), prices).proration;
}

/** A cheaper plan waits for the end of the period, which the former one's price has paid. */
function waits(now: State, inForce: string, prices: PlanPrices): boolean {
  return now.status !== "trialing" && priceOf(planOf(now), prices).plan < priceOf(inForce, prices).plan;
}

function amountOf(item: Item, prices: PlanPrices, part = item.end - item.start): number {
  return share(priceOf(item.plan, prices)[item.kind], item.quantity, part, item.end - item.start);
}

function lineOf({ kind, plan, quantity, end }: Item, start: number, amount: number): SubscriptionLine {
  return { kind, plan, quantity, amount, start, end };
}

function isSame(a: Item | undefined, b: Item): boolean {
  return a !== undefined && a.plan === b.plan && a.quantity === b.quantity;
}

function planOf({ items }: State): string {
  return items.find(({ kind }) => kind === "plan")?.plan ?? "";
}

function startOf({ items }: State): number {
  return items.find(({ kind }) => kind === "plan")?.start ?? 0;
}

function priceOf(plan: string, prices: PlanPrices): PlanPrice {
  const found = prices[plan];
  if (found === undefined) throw new Error(`no price of ${plan}`);
  return found;
}
