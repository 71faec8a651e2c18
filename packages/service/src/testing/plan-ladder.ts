import type { Configuration, PlanDefinition, PlanPrice } from "@headroom/domain/configuration";
import { startCheckout } from "../checkout.ts";
import { syncCustomer } from "../customer-sync.ts";
import type { PlanWish } from "../plan-change-terms.ts";
import type { StripeBench } from "./stripe-bench.ts";

const usd = (month: string, year?: string): PlanPrice[] => [
  { interval: "month", currency: "usd", unitAmount: month },
  ...(year === undefined ? [] : [{ interval: "year" as const, currency: "usd", unitAmount: year }]),
];

/** Plans to move between: dearer and cheaper, by every way of settling a change. */
export function withLadder(shipped: Configuration): Configuration {
  const { free, pro } = shipped.plans as { free: PlanDefinition; pro: PlanDefinition };
  const sold = (included: number, month: string, year?: string) => ({
    kind: "licensed" as const,
    included,
    prices: usd(month, year),
    proration: "next_invoice" as const,
  });
  const plans: Record<string, PlanDefinition> = {
    free,
    community: { ...free, default: false, displayName: "Community" },
    mini: {
      ...pro,
      displayName: "Mini",
      prices: usd("500"),
      seats: { kind: "licensed", included: 1, prices: [], proration: "none" },
    },
    starter: {
      ...pro,
      displayName: "Starter",
      prices: usd("1000", "10000"),
      seats: sold(2, "500", "5000"),
    },
    pro: { ...pro, prices: usd("2900", "29000"), seats: sold(5, "900", "9000") },
    team: { ...pro, displayName: "Team", prices: usd("9900"), seats: sold(10, "800"), proration: "now" },
    gift: { ...pro, displayName: "Gift", prices: usd("3900"), seats: sold(5, "900"), proration: "none" },
    quick: { ...pro, displayName: "Quick", prices: usd("1500"), seats: sold(3, "700"), downgrade: "now" },
    trial: { ...pro, displayName: "Trial", prices: usd("4900"), seats: sold(5, "900"), trialDays: 14 },
    mark: {
      ...pro,
      displayName: "Mark",
      prices: usd("2000"),
      seats: { ...sold(1, "1000"), proration: "high_water" },
    },
    atonce: {
      ...pro,
      displayName: "At once",
      prices: usd("2000"),
      seats: { ...sold(1, "1000"), proration: "now" },
    },
    grow: {
      ...pro,
      displayName: "Grow",
      prices: usd("3000"),
      seats: { kind: "auto", included: 1, maxSeats: null, prices: usd("1000"), proration: "next_invoice" },
    },
    private: { ...pro, displayName: "Private", public: false },
    retired: { ...pro, displayName: "Retired", active: false },
  };
  return { ...shipped, plans };
}

/** An organization that pays for a plan, as its owner has it. */
export async function subscribe(bench: StripeBench, wish: PlanWish, paymentMethod?: string) {
  const { id, access } = await bench.organization();
  const manage = await access("billing.manage");
  await bench.pay((await startCheckout(bench.api, manage, wish)).checkoutUrl, paymentMethod);
  const customerId = await deliver(bench, id);
  const [row] = await bench.rows(
    "select stripe_subscription_id as id from headroom.subscription where organization_id = $1",
    id,
  );
  const subscriptionId = String(row?.id);
  return {
    id,
    access: manage,
    organizationAccess: access,
    customerId,
    subscriptionId,
    subscription: () => bench.stripe.subscriptions.retrieve(subscriptionId),
    /** Prices' lookup keys and quantities, the plan first. */
    items: async () =>
      (await bench.stripe.subscriptions.retrieve(subscriptionId)).items.data
        .map((item) => [item.price.lookup_key, item.quantity] as const)
        .sort(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1)),
    invoices: async () =>
      (await bench.stripe.invoices.list({ customer: customerId, limit: 100 })).data.map((one) => one),
    /** From now on the card declines. */
    async breakCard() {
      await bench.stripe.subscriptions.update(subscriptionId, {
        default_payment_method: "pm_card_chargeCustomerFail",
      });
    },
    deliver: () => deliver(bench, id),
  };
}

/** What a webhook would bring about: the customer's state is read and written. Answers the customer. */
export async function deliver(bench: StripeBench, organizationId: string): Promise<string> {
  const [row] = await bench.rows(
    "select customer_id from headroom.stripe_customer where organization_id = $1",
    organizationId,
  );
  const customerId = String(row?.customer_id);
  await bench.rows(
    `insert into headroom.stripe_inbox (event_id, livemode, type, customer_id, created_at, payload, secret_index)
     values (gen_random_uuid()::text, false, 'customer.updated', $1, now(), '{}', 0)`,
    customerId,
  );
  await syncCustomer(bench.webhook, customerId);
  return customerId;
}
