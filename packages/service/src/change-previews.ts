import { readClock } from "@headroom/db/clock";
import { findPlan } from "@headroom/db/plans";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { amountOf } from "@headroom/domain/money";
import type { SubscriptionFacts } from "@headroom/domain/subscriptions";
import type { Access } from "./access.ts";
import { seatsOfCheckout } from "./checkout-terms.ts";
import type { ServiceContext } from "./context.ts";
import { decideChange, type PlanChange, type PlanWish, type SeatShortage } from "./plan-change-terms.ts";
import { callsFor, startsPeriod, undoing, wishFor } from "./plan-change-wishes.ts";
import { isAboutSeats, waitingIn } from "./plan-changes.ts";
import { decideSeats } from "./seat-purchases.ts";
import { answerWithinMs, withinDeadline } from "./stripe/deadlines.ts";
import { forWaitingPerson } from "./stripe/faults.ts";
import type { StripeGateway, SubscriptionChange } from "./stripe/gateway.ts";
import type { StripeInvoiceLine } from "./stripe/invoice-calls.ts";
import { requireStripe } from "./stripe/requirements.ts";

export interface PreviewLine {
  description: string | null;
  quantity: number | null;
  unitPrice: string | null;
  amount: number;
}

/** What a change would cost, as Stripe would bill it in this second. Amounts are minor units of `currency`. */
export interface ChangePreview {
  planId: string;
  planVersion: number;
  currency: string | null;
  /** Billed when the change is made. */
  dueNow: number;
  /** The next invoice without overage; null: there will be none. */
  next: { total: number; at: string } | null;
  /** Of what is due now, or else of the next invoice. */
  lines: PreviewLine[];
  /** When the plan takes over; null: when the checkout is paid. */
  effectiveAt: string | null;
  overLimit: SeatShortage | null;
}

/**
 * What `changePlan` or `setSeats` would bill, without doing it.
 * @throws DomainError what `changePlan` throws before it calls Stripe, billing_not_configured and unavailable (503)
 */
export async function previewChange(
  context: ServiceContext,
  access: Access,
  input: PlanWish,
): Promise<ChangePreview> {
  const { organizationId } = access;
  const { change, plan } = await withOrganization(context.db, organizationId, async (tx) => {
    const decided = await decideChange(context, tx, organizationId, input, await readClock(tx));
    return { change: decided, plan: await planOfPreview(context, tx, organizationId, decided, input) };
  });
  const shared = {
    planId: change.plan.id,
    planVersion: change.plan.version,
    currency: change.price?.currency ?? change.facts.currency,
    overLimit: change.overLimit,
  };
  if (plan.kind === "checkout") {
    return { ...shared, ...plan.bill, effectiveAt: null };
  }
  const effectiveAt = effectOf(change);
  const nothing = { dueNow: 0, next: null, lines: [] };
  if (plan.kind === "nothing") {
    return { ...shared, ...nothing, effectiveAt };
  }
  const { stripe } = requireStripe(context);
  const bill = await forWaitingPerson(() =>
    withinDeadline(answerWithinMs, () => billOf(stripe, change.facts, plan)),
  );
  return { ...shared, ...bill, effectiveAt };
}

type Bill = Pick<ChangePreview, "dueNow" | "next" | "lines">;

interface StripePlan {
  kind: "stripe";
  /** What comes first and costs nothing by itself: the rest is settled against it. */
  first: SubscriptionChange | null;
  change: SubscriptionChange;
  /** The change starts a new period, which is billed at once. */
  restarts: boolean;
}

type PreviewPlan = { kind: "nothing" } | { kind: "checkout"; bill: Bill } | StripePlan;

async function planOfPreview(
  context: ServiceContext,
  tx: Tx,
  organizationId: string,
  change: PlanChange,
  input: PlanWish,
): Promise<PreviewPlan> {
  if (change.kind === "checkout") {
    return { kind: "checkout", bill: await billOfCheckout(context, tx, organizationId, change, input) };
  }
  if (isAboutSeats(change, input)) {
    const { changes } = await decideSeats(context, tx, organizationId, input.seats ?? 0, change.now);
    return stripePlan(changes, false);
  }
  if (change.kind === "base" || change.kind === "cancel" || change.facts.subscriptionId === null) {
    return { kind: "nothing" };
  }
  const first = callsFor(change) > 1 ? ((await undoing(tx, organizationId, change))?.steps ?? []) : [];
  const steps = [...first, ...(wishFor(change)?.steps ?? [])];
  return stripePlan(
    steps.flatMap((step) => (step.call === "update" ? [step.change] : [])),
    startsPeriod(change),
  );
}

function stripePlan(changes: readonly SubscriptionChange[], restarts: boolean): StripePlan {
  const change = changes.at(-1) ?? { proration: "none" };
  return { kind: "stripe", first: changes.length > 1 ? (changes[0] ?? null) : null, change, restarts };
}

/** Stripe previews one step from where the subscription is: what a first step would settle is taken off. */
async function billOf(
  stripe: StripeGateway,
  facts: SubscriptionFacts,
  { first, change, restarts }: StripePlan,
): Promise<Bill> {
  const id = facts.subscriptionId ?? "";
  const renewal = facts.periodEnd ?? 0;
  const preview = async (wanted: SubscriptionChange | null, proration = wanted?.proration) =>
    wanted && proration && (await stripe.previewChange(id, { items: wanted.items ?? [], proration }));
  const isSettlement = (line: StripeInvoiceLine) => line.periodStart < renewal;
  const off = first && (await preview(first, change.proration === "none" ? "none" : "next_invoice"));
  const offLines = (off?.lines ?? []).filter(isSettlement);
  const whole = await preview(change);
  const settled = whole?.lines ?? [];
  const atOnce = restarts || (change.proration === "now" && settled.some(isSettlement));
  const taken = sumOf(offLines);
  const lines =
    offLines.length === 0
      ? settled
      : [...settled.filter(isCharge), ...offLines.filter(isCharge).map(negated)];
  const next = (atOnce ? await preview(change, "none") : whole) || null;
  // What waits for the next invoice goes onto the one that is made at once.
  const billed = atOnce ? sumOf((next?.lines ?? []).filter((line) => line.isItem)) : taken;
  // A new period's own renewal cannot be previewed: it bills what the period itself bills.
  const own = (next?.lines ?? []).filter((line) => !line.isItem);
  const at = restarts ? Math.max(...own.map((line) => line.periodEnd)) : renewal;
  return {
    dueNow: atOnce ? Math.max(0, (whole?.total ?? 0) - taken) : 0,
    next: next && { total: next.total - billed, at: new Date(at).toISOString() },
    lines: lines.map(toLine),
  };
}

function sumOf(lines: readonly StripeInvoiceLine[]): number {
  return lines.reduce((sum, { amount }) => sum + amount, 0);
}

function isCharge({ amount }: StripeInvoiceLine): boolean {
  return amount >= 0;
}

function negated(line: StripeInvoiceLine): StripeInvoiceLine {
  return { ...line, amount: -line.amount };
}

function toLine({ description, quantity, unitPrice, amount }: StripeInvoiceLine): PreviewLine {
  return { description, quantity, unitPrice, amount };
}

/** What a first invoice would say before tax and discounts: Stripe has nothing yet that it could preview. */
async function billOfCheckout(
  context: ServiceContext,
  tx: Tx,
  organizationId: string,
  { plan, price, facts, now }: PlanChange,
  { seats: wished }: PlanWish,
): Promise<Bill> {
  const { definition } = (await findPlan(tx, plan.id)) ?? plan;
  const seats = await seatsOfCheckout(context, tx, organizationId, plan, wished);
  const seatPrice = definition.seats.prices.find(
    (one) => one.interval === price?.interval && one.currency === price.currency,
  );
  const line = (description: string, quantity: number, unitPrice: string): PreviewLine => ({
    description,
    quantity,
    unitPrice,
    amount: amountOf(unitPrice, quantity),
  });
  const lines = [
    ...(price === null ? [] : [line(definition.displayName, 1, price.unitAmount)]),
    ...(seats > 0 && seatPrice ? [line(`${definition.displayName} seats`, seats, seatPrice.unitAmount)] : []),
  ];
  const total = lines.reduce((sum, { amount }) => sum + amount, 0);
  const trialDays = facts.trialUsed ? 0 : definition.trialDays;
  const trialEnd = new Date(now.getTime() + trialDays * 86_400_000).toISOString();
  return {
    dueNow: trialDays > 0 ? 0 : total,
    next: { total, at: trialDays > 0 ? trialEnd : afterInterval(now, price) },
    lines,
  };
}

// The same day of a later month, or the last one of a shorter month, as Stripe counts.
function afterInterval(now: Date, price: PlanChange["price"]): string {
  const months = price?.interval === "year" ? 12 : 1;
  const then = new Date(now);
  then.setUTCMonth(now.getUTCMonth() + months);
  if (then.getUTCDate() !== now.getUTCDate()) {
    then.setUTCDate(0);
  }
  return then.toISOString();
}

function effectOf(change: PlanChange): string {
  const { kind, facts, base, now } = change;
  if (kind === "period_end" || kind === "cancel") {
    return new Date(facts.cancelAt ?? facts.periodEnd ?? now).toISOString();
  }
  const waiting = kind === "unchanged" ? waitingIn(facts, base) : null;
  return new Date(waiting?.plan.planId === change.plan.id ? waiting.at : now).toISOString();
}
