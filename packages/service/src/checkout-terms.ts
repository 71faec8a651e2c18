import { type CheckoutParameters, countMembers } from "@headroom/db/checkouts";
import { listPricesOf, type PriceRow } from "@headroom/db/plan-prices";
import { findPlan, type PlanRow } from "@headroom/db/plans";
import { readSubscription, type SubscriptionRow } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import type { PlanPrice } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import { assertAvailable, choosePrice, isFree } from "@headroom/domain/plans";
import { invalidField } from "@headroom/domain/validation";
import type { ServiceContext } from "./context.ts";
import { assertReturnAddress } from "./return-addresses.ts";

export interface CheckoutInput {
  planId: string;
  interval?: PlanPrice["interval"] | undefined;
  currency?: string | undefined;
  /** Seats to buy on top of the plan's own. */
  seats?: number | undefined;
  successUrl?: string | undefined;
  cancelUrl?: string | undefined;
}

type Context = Pick<ServiceContext, "configuration" | "addresses">;

/**
 * What a checkout would buy, decided under the organization's lock.
 * @throws DomainError plan_not_found, plan_not_available, active_subscription, currency_fixed, billing_not_configured
 */
export async function decideCheckout(
  context: Context,
  tx: Tx,
  organizationId: string,
  input: CheckoutInput,
): Promise<CheckoutParameters> {
  const plan = await findPlan(tx, input.planId);
  if (!plan) {
    throw new DomainError("plan_not_found", "There is no such plan.", { planId: input.planId });
  }
  assertAvailable(plan);
  if (isFree(plan.definition)) {
    throw new DomainError("plan_not_available", "A free plan needs no checkout.", { planId: plan.id });
  }
  const subscription = await readSubscription(tx, organizationId);
  assertNoSubscription(subscription);
  const currency = fixedCurrency(subscription, input.currency);
  const price = choosePrice(plan.id, plan.definition, { interval: input.interval, currency });
  const seats = await seatsToBuy(context, tx, organizationId, plan, input.seats);
  const consoleAddress = context.addresses.console;
  const page = (outcome: string) => new URL(`/billing?checkout=${outcome}`, consoleAddress).href;
  return {
    planId: plan.id,
    planVersion: plan.version,
    items: itemsFor(await listPricesOf(tx, plan.id, plan.version), price, seats),
    trialDays: subscription.facts.trialUsed ? 0 : plan.definition.trialDays,
    successUrl: assertReturnAddress(input.successUrl ?? page("success"), consoleAddress, "successUrl"),
    cancelUrl: assertReturnAddress(input.cancelUrl ?? page("cancelled"), consoleAddress, "cancelUrl"),
  };
}

/** @throws DomainError active_subscription (409) while a subscription runs or was assigned. */
export function assertNoSubscription({ facts }: SubscriptionRow): void {
  if (facts.anchor !== null || facts.source !== "none") {
    throw new DomainError("active_subscription", "The organization has a subscription already.", {
      planId: facts.planId,
      status: facts.state,
    });
  }
}

// A Stripe customer pays in one currency for ever.
function fixedCurrency({ facts }: SubscriptionRow, wished: string | undefined): string | undefined {
  if (wished !== undefined && facts.currency !== null && wished !== facts.currency) {
    throw new DomainError("currency_fixed", "The organization pays in another currency already.", {
      currency: facts.currency,
    });
  }
  return wished ?? facts.currency ?? undefined;
}

async function seatsToBuy(
  { configuration }: Context,
  tx: Tx,
  organizationId: string,
  { definition }: PlanRow,
  wished: number | undefined,
): Promise<number> {
  if (wished !== undefined && (definition.seats.kind === "auto" || definition.seats.prices.length === 0)) {
    throw invalidField("seats", "This plan does not sell seats ahead");
  }
  if (definition.seats.kind === "licensed" || definition.seats.prices.length === 0) {
    return wished ?? 0;
  }
  const withOwner = configuration.policies.seats.basis === "all_members";
  return Math.max(0, (await countMembers(tx, organizationId, withOwner)) - definition.seats.included);
}

function itemsFor(rows: readonly PriceRow[], { interval, currency }: PlanPrice, seats: number) {
  const priceId = (role: PriceRow["role"]) => {
    const row = rows.find(
      (one) => one.role === role && one.interval === interval && one.currency === currency,
    );
    if (!row?.stripePriceId) {
      throw new DomainError(
        "billing_not_configured",
        "Stripe does not have this plan's prices: push the plans.",
      );
    }
    return row.stripePriceId;
  };
  const plan = { priceId: priceId("plan"), quantity: 1 };
  return seats > 0 ? [plan, { priceId: priceId("seat"), quantity: seats }] : [plan];
}
