import { costOf } from "./money.ts";
import { overageOf } from "./usage.ts";

/** A meter's count in one period. */
export interface PeriodCount {
  total: number;
  /** Units covered; null: no end, so nothing is ever over. */
  included: number | null;
  /** The hard cap in force when the period ends, or now; null: none. */
  hardCap: number | null;
  /** Units that were above the hard cap when they were written. */
  overCap: number;
}

/**
 * Units that stand above the hard cap: at most those that were written above it, and none that voids made room for or
 * that a cap raised since then covers. A cap lowered since then takes nothing off what was used below it.
 */
export function unitsAboveCap({ total, hardCap, overCap }: PeriodCount): number {
  return hardCap === null ? 0 : Math.max(0, Math.min(overCap, total - hardCap));
}

/** The units that a bill has: those above the hard cap are shown and not billed, unless the plan says so. */
export function billableUnits(count: PeriodCount, billAboveCap: boolean): number {
  const units = overageOf(count.total, count.included);
  return billAboveCap ? units : Math.max(0, units - unitsAboveCap(count));
}

export interface OverageCharge {
  quantity: number;
  /** Integer minor units, rounded once, half up. */
  amount: number;
}

/** What a closed period costs beyond its plan, or null when nothing is to be billed. */
export function chargeOverage(
  count: PeriodCount,
  terms: { unitPrice: string; billAboveCap: boolean },
): OverageCharge | null {
  const quantity = billableUnits(count, terms.billAboveCap);
  return quantity === 0 ? null : { quantity, amount: costOf(terms.unitPrice, quantity) };
}

/**
 * True for a period that was a former customer's: it began before that one was deleted at Stripe, and none of the
 * subscriptions that the organization's customer of today has had was there then. Nobody can be billed for it any more.
 * @param formerUntil when the last of them was deleted; null: there is none.
 */
export function isOfFormerCustomer(
  periodStart: number,
  formerUntil: number | null,
  subscriptions: readonly { created: number }[],
): boolean {
  return (
    formerUntil !== null &&
    periodStart < formerUntil &&
    !subscriptions.some(({ created }) => created <= periodStart)
  );
}

/** An invoice of a subscription, as far as the choice between invoices goes. */
export interface InvoiceCandidate {
  id: string;
  status: string;
  /** Made by Stripe because a period ended. */
  renewal: boolean;
  /** The end of the period that it bills in arrears. */
  periodEnd: number;
}

export type InvoiceChoice = { kind: "draft"; invoiceId: string } | { kind: "own" } | { kind: "wait" };

/**
 * Where the overage of a period that ended at `periodEnd` goes: on Stripe's renewal draft; on an invoice of our own
 * where Stripe makes none (month ends of yearly plans, every kind of cancellation) or the draft is finalized already;
 * nowhere yet while Stripe has not turned the period.
 * @param stripePeriodEnd the end of the live subscription's running period; null: it is over.
 */
export function chooseInvoice(
  periodEnd: number,
  stripePeriodEnd: number | null,
  invoices: readonly InvoiceCandidate[],
): InvoiceChoice {
  const renewal = invoices.find((invoice) => invoice.renewal && sameSecond(invoice.periodEnd, periodEnd));
  if (renewal) {
    return renewal.status === "draft" ? { kind: "draft", invoiceId: renewal.id } : { kind: "own" };
  }
  const notTurned = stripePeriodEnd !== null && sameSecond(stripePeriodEnd, periodEnd);
  return notTurned ? { kind: "wait" } : { kind: "own" };
}

const day = 86_400_000;
/** A little more than the longest month. */
const soon = 32 * day;

/**
 * Where an adjustment goes: on whatever renewal's draft is open; with the next renewal, if that comes within a month;
 * else (a yearly plan in mid-year, or no subscription any more) on an invoice of our own.
 * @param stripePeriodEnd the end of a live subscription's running period; null: none is live.
 */
export function chooseAdjustmentInvoice(
  now: number,
  stripePeriodEnd: number | null,
  invoices: readonly InvoiceCandidate[],
): InvoiceChoice {
  const draft = invoices.find((invoice) => invoice.renewal && invoice.status === "draft");
  if (draft) {
    return { kind: "draft", invoiceId: draft.id };
  }
  return stripePeriodEnd !== null && stripePeriodEnd <= now + soon ? { kind: "wait" } : { kind: "own" };
}

// Stripe's instants are whole seconds.
function sameSecond(a: number, b: number): boolean {
  return Math.floor(a / 1000) === Math.floor(b / 1000);
}

/** Until when a draft waits for its overage: a day after it was made, at most. */
export function holdUntil(createdAt: number): number {
  return createdAt + day;
}

/**
 * When a draft that waited finalizes: at its own hour, and not sooner than in twenty minutes, because what a billing meter
 * has just been told is counted after a while, and by then at the latest.
 */
export function releaseAt(ownHour: number, now: number): number {
  return Math.max(ownHour, now + 20 * 60_000);
}
