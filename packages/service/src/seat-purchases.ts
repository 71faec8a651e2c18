import { listPricesOf } from "@headroom/db/plan-prices";
import { findPlan, type PlanRow } from "@headroom/db/plans";
import { readSeatCounts } from "@headroom/db/seats";
import { readPeakSeats } from "@headroom/db/subscription-intents";
import { readSubscription } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import {
  assertChangeable,
  noSubscriptionError,
  runs,
  type SeatStep,
  seatItemsOf,
  seatSteps,
} from "@headroom/domain/plan-changes";
import { seatsOf } from "@headroom/domain/seats";
import { type SubscriptionFacts, waitingInItems } from "@headroom/domain/subscriptions";
import { invalidField } from "@headroom/domain/validation";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { type SeatShortage, shortageOf, stripePrice } from "./plan-change-terms.ts";
import { keptFor } from "./plan-change-wishes.ts";
import type { SubscriptionChange } from "./stripe/gateway.ts";
import { atStripe, type Wish } from "./subscription-changes.ts";

export interface SeatChangeView {
  /** Seats bought on top of the plan's own. */
  seatsPurchased: number;
  changed: boolean;
  /** The seats of the plan and those bought, where they do not hold the members. Nobody is removed. */
  overLimit: SeatShortage | null;
}

/**
 * Buys seats on top of the plan's own, or gives some back: `seats` is how many there are afterwards.
 * @throws DomainError validation_failed (400) for a plan that sells none ahead, payment_failed (402), no_subscription and
 *   active_subscription (409), billing_not_configured and unavailable (503)
 */
export async function setSeats(
  context: ServiceContext,
  access: Access,
  { seats }: { seats: number },
): Promise<SeatChangeView> {
  const { wish, overLimit } = await atStripe(context, access, (turn) =>
    turn.change((tx, { organizationId }, now) => decideSeats(context, tx, organizationId, seats, now)),
  );
  return { seatsPurchased: seats, changed: wish !== null, overLimit };
}

export interface SeatDecision {
  wish: Wish | null;
  facts: SubscriptionFacts;
  /** What is asked of Stripe, one after the other. */
  changes: SubscriptionChange[];
  overLimit: SeatShortage | null;
}

/** What another number of seats comes to, decided under the organization's lock. */
export async function decideSeats(
  { configuration }: Pick<ServiceContext, "configuration">,
  tx: Tx,
  organizationId: string,
  seats: number,
  now: Date,
): Promise<SeatDecision> {
  const { facts } = await readSubscription(tx, organizationId);
  if (!runs(facts) || facts.subscriptionId === null) {
    throw noSubscriptionError();
  }
  assertChangeable(facts, now.getTime());
  const { plan, priceId } = await soldSeats(tx, facts);
  const { proration } = plan.definition.seats;
  const peak = await readPeakSeats(tx, organizationId, new Date(facts.periodStart ?? 0));
  const changes = seatSteps(facts.seatsPurchased, seats, proration, peak).map((step) =>
    changeFor(facts, priceId, step, proration === "high_water"),
  );
  const counts = { ...(await readSeatCounts(tx, organizationId)), purchased: seats };
  const data = { from: facts.seatsPurchased, to: seats };
  return {
    facts,
    changes,
    overLimit: shortageOf(seatsOf({ ...counts, policies: configuration.policies })),
    wish:
      changes.length === 0
        ? null
        : {
            kind: "set_seats",
            subscriptionId: facts.subscriptionId,
            steps: changes.map((change) => ({ call: "update", change })),
            details: { from: facts.seatsPurchased, seats },
            keepsWaiting: true,
            audit: { action: "seats.change_requested", data },
          },
  };
}

/** The plan that the subscription's items are of, which is the next one while it waits, and its price of a seat. */
async function soldSeats(tx: Tx, facts: SubscriptionFacts): Promise<{ plan: PlanRow; priceId: string }> {
  const { interval, currency } = facts;
  const pending = waitingInItems(facts);
  const planId = pending?.planId ?? facts.planId ?? "";
  const version = pending?.planVersion ?? facts.planVersion ?? 0;
  const plan = await findPlan(tx, planId, version);
  if (plan === null || plan.definition.seats.kind === "auto" || plan.definition.seats.prices.length === 0) {
    throw invalidField(
      "seats",
      pending === null
        ? "This plan does not sell seats ahead"
        : "The plan that takes over does not sell seats ahead",
    );
  }
  const row = (await listPricesOf(tx, planId, version)).find(
    (one) => one.role === "seat" && one.interval === interval && one.currency === currency,
  );
  return { plan, priceId: stripePrice(row) };
}

// A high-water mark needs the item to be there: one that was removed comes back as a new one.
function changeFor(
  facts: SubscriptionFacts,
  priceId: string,
  { seats, proration }: SeatStep,
  keepsItem: boolean,
): SubscriptionChange {
  const items =
    keepsItem && facts.seatItemId !== null
      ? [{ id: facts.seatItemId, priceId, quantity: seats }]
      : seatItemsOf(facts, priceId, seats);
  const settled = facts.state === "trialing" ? "none" : proration;
  return {
    items,
    proration: settled,
    ...(waitingInItems(facts) === null ? {} : { kept: keptFor(facts, seats) }),
  };
}
