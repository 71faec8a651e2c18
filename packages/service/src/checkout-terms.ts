import { type CheckoutParameters, countMembers } from "@headroom/db/checkouts";
import { listPricesOf, type PriceRow } from "@headroom/db/plan-prices";
import { findPlan, type PlanRow } from "@headroom/db/plans";
import { readSubscription, type SubscriptionRow } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import type { PlanPrice } from "@headroom/domain/configuration";
import { DomainError } from "@headroom/domain/errors";
import { seatsToBuy } from "@headroom/domain/plan-changes";
import { assertAvailable, choosePrice, isFree } from "@headroom/domain/plans";
import type { ServiceContext } from "./context.ts";
import { fixedCurrency, type PlanWish, stripePrice, usagePricesIn } from "./plan-change-terms.ts";
import { assertReturnAddress } from "./return-addresses.ts";

export interface CheckoutInput extends PlanWish {
  successUrl?: string | undefined;
  cancelUrl?: string | undefined;
  /** The page's language as Stripe names it; default: the configuration's. */
  locale?: string | undefined;
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
  const currency = fixedCurrency(subscription.facts, input.currency);
  const price = choosePrice(plan.id, plan.definition, { interval: input.interval, currency });
  const seats = await seatsOfCheckout(context, tx, organizationId, plan, input.seats);
  const page = (outcome: string) => new URL(`/billing?checkout=${outcome}`, context.addresses.console).href;
  return {
    planId: plan.id,
    planVersion: plan.version,
    items: itemsFor(context, await listPricesOf(tx, plan.id, plan.version), price, seats),
    trialDays: subscription.facts.trialUsed ? 0 : plan.definition.trialDays,
    successUrl: assertReturnAddress(input.successUrl ?? page("success"), context.addresses, "successUrl"),
    cancelUrl: assertReturnAddress(input.cancelUrl ?? page("cancelled"), context.addresses, "cancelUrl"),
    ...context.configuration.checkout,
    ...(input.locale === undefined ? {} : { locale: input.locale }),
  };
}

/** @throws DomainError active_subscription (409) while a subscription runs or was assigned. */
function assertNoSubscription({ facts }: SubscriptionRow): void {
  // Stripe has one whose plan or status could not be read: what is known is what was before it, which may be nothing.
  const isUnread = facts.attention === "unknown_price" || facts.attention === "unknown_status";
  if (facts.anchor !== null || facts.source !== "none" || isUnread) {
    throw new DomainError("active_subscription", "The organization has a subscription already.", {
      planId: facts.planId,
      status: facts.state,
    });
  }
}

/** The seats that a checkout of a plan buys. @throws DomainError validation_failed */
export async function seatsOfCheckout(
  { configuration }: Pick<ServiceContext, "configuration">,
  tx: Tx,
  organizationId: string,
  { definition }: PlanRow,
  wished: number | undefined,
): Promise<number> {
  const withOwner = configuration.policies.seats.basis === "all_members";
  const members = await countMembers(tx, organizationId, withOwner);
  return seatsToBuy(definition.seats, { wished, bought: 0, members });
}

function itemsFor(
  { configuration }: Pick<ServiceContext, "configuration">,
  rows: readonly PriceRow[],
  { interval, currency }: PlanPrice,
  seats: number,
) {
  const priceId = (role: PriceRow["role"]) =>
    stripePrice(
      rows.find((one) => one.role === role && one.interval === interval && one.currency === currency),
    );
  const plan = { priceId: priceId("plan"), quantity: 1 };
  const usage = usagePricesIn(configuration, rows, { interval, currency }) ?? [];
  return [
    plan,
    ...(seats > 0 ? [{ priceId: priceId("seat"), quantity: seats }] : []),
    ...usage.map((id) => ({ priceId: id, quantity: null })),
  ];
}
