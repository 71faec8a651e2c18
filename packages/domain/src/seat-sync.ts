import { type Catalogue, mapItem, planItemOf } from "./catalogue.ts";
import type { PlanSeats, Proration } from "./configuration.ts";
import type { Instant, ItemSnapshot, SubscriptionSnapshot } from "./subscriptions.ts";

/** The most seats that a period of a price is billed for. */
export interface HighWater {
  priceId: string;
  periodStart: Instant;
  quantity: number;
}

/** What Stripe is told of an organization's seats is decided from this alone. */
export interface SeatFacts {
  /** As just fetched. */
  subscription: SubscriptionSnapshot;
  catalogue: Catalogue;
  /** The seats of the plan that the subscription's items carry; null: no plan of ours. */
  seats: PlanSeats | null;
  /** The price of such a seat at the plan item's interval and currency; null: it is not sold. */
  seatPriceId: string | null;
  /** Members that take a seat. */
  seated: number;
  /** The items carry a plan that holds only from the next period on. */
  pending: boolean;
  highWater: HighWater | null;
  /** How often somebody else has set another quantity since members or period changed. */
  edits: number;
  /** What had to be paid at once was declined a moment ago. */
  declined: boolean;
}

/** One call: absolute, so that made twice it is made once. */
export interface SeatPush {
  /** By id; a new one has none and names its price. */
  items: readonly { id: string | null; priceId?: string; quantity: number }[];
  proration: Proration;
  /** The seats that Stripe has afterwards. */
  quantity: number;
}

export type SeatDecision =
  | { kind: "settled"; quantity: number; highWater: HighWater | null }
  | { kind: "push"; push: SeatPush /** As it is before the call. */; highWater: HighWater | null }
  /** Somebody insists on another quantity. */
  | { kind: "differs" }
  /** Nothing that Stripe could be told: a plan that sells no seats by the head, or a status that takes no changes. */
  | { kind: "kept" };

/** Somebody else's quantity is corrected this often; then it stands, and an operator is told. */
const corrections = 1;

/** Seats that are billed: members beyond those that the plan includes. Pending invites are never billed. */
export function billedSeats(seated: number, included: number): number {
  return Math.max(0, seated - included);
}

/**
 * What Stripe is to be told next. Made again after each call, on what Stripe has then, it comes to rest within two
 * calls.
 */
export function decideSeatPush(facts: SeatFacts): SeatDecision {
  const { subscription, catalogue, seats, seatPriceId, seated, edits } = facts;
  const plan = planItemOf(subscription, catalogue);
  const policy = prorationNow(facts);
  if (plan === null || seats?.kind !== "auto" || policy === null) {
    return { kind: "kept" };
  }
  const wanted = billedSeats(seated, seats.included);
  const items = seatItemsOf(subscription, catalogue, seatPriceId);
  const [first, ...others] = items;
  const current = first?.quantity ?? 0;
  const extra = others.filter(({ quantity }) => quantity > 0);
  const priced = first ?? (seatPriceId === null ? null : newItem(seatPriceId, plan.item));
  if (priced === null) {
    return wanted === 0 ? { kind: "settled", quantity: 0, highWater: facts.highWater } : { kind: "kept" };
  }
  const highWater = policy === "high_water" ? markOf(facts.highWater, priced, current) : facts.highWater;
  if (current === wanted && extra.length === 0) {
    return { kind: "settled", quantity: wanted, highWater };
  }
  if (edits > corrections) {
    return { kind: "differs" };
  }
  const { quantity, proration } = nextQuantity(policy, {
    current,
    wanted,
    mark: highWater?.quantity ?? current,
  });
  const target = first ? { id: first.id, quantity } : { id: null, priceId: priced.priceId, quantity };
  const emptied = extra.map(({ id }) => ({ id, quantity: 0 }));
  return { kind: "push", highWater, push: { items: [target, ...emptied], proration, quantity } };
}

// It shares the plan's period.
function newItem(priceId: string, { periodStart }: ItemSnapshot) {
  return { priceId, periodStart };
}

/** How a change is settled now; null: the status takes none. */
function prorationNow({ subscription, seats, pending, declined }: SeatFacts): PlanSeats["proration"] | null {
  const { status } = subscription;
  if (status !== "active" && status !== "trialing") {
    return status === "past_due" ? "none" : null;
  }
  // The running period is paid for by the terms of the plan that still holds, not by those that the items carry.
  const policy = pending ? "none" : (seats?.proration ?? null);
  return policy === "now" && declined ? "next_invoice" : policy;
}

/** The mark with what Stripe has now: whatever is there was billed, or was let pass. */
function markOf(
  known: HighWater | null,
  { priceId, periodStart }: Pick<HighWater, "priceId" | "periodStart">,
  current: number,
): HighWater {
  const same = known?.priceId === priceId && known.periodStart === periodStart;
  return { priceId, periodStart, quantity: same ? Math.max(known.quantity, current) : current };
}

/**
 * The quantity to set next. Under `high_water` the rest of a period is billed only for seats beyond the most that it was
 * billed for: up to there a change costs nothing, beyond it is a call of its own.
 */
function nextQuantity(
  policy: PlanSeats["proration"],
  { current, wanted, mark }: { current: number; wanted: number; mark: number },
): Pick<SeatPush, "quantity" | "proration"> {
  if (policy !== "high_water") {
    return { quantity: wanted, proration: policy };
  }
  if (wanted <= mark) {
    return { quantity: wanted, proration: "none" };
  }
  return current < mark
    ? { quantity: mark, proration: "none" }
    : { quantity: wanted, proration: "next_invoice" };
}

// The one at the plan's own price first, then by id, so that every process takes the same.
function seatItemsOf(
  { items }: SubscriptionSnapshot,
  catalogue: Catalogue,
  seatPriceId: string | null,
): ItemSnapshot[] {
  const own = (item: ItemSnapshot) => Number(item.priceId === seatPriceId);
  return items
    .filter((item) => mapItem(item, catalogue)?.role === "seat")
    .sort((a, b) => own(b) - own(a) || (a.id < b.id ? -1 : 1));
}
