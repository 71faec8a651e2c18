import { uuidv7 } from "@headroom/platform/uuid";
import type Stripe from "stripe";
import { pushPlans } from "../plans.ts";
import { isCustomerEvent } from "../stripe/event-types.ts";
import type { CustomerState, StripeGateway } from "../stripe/gateway.ts";
import { keptMetadata } from "../stripe/metadata.ts";
import type { StripeBench } from "./stripe-bench.ts";

type PlanId = "pro" | "max";

/** What people and time do to one customer at Stripe. */
export interface Driver {
  checkout(wish: { planId?: PlanId; seats: number; trialDays?: number }): Promise<void>;
  expireCheckout(): Promise<void>;
  seats(quantity: number): Promise<void>;
  plan(planId: PlanId, proration: "always_invoice" | "create_prorations" | "none"): Promise<void>;
  /** Another plan for the next period; what is paid for holds until then. */
  keep(paid: PlanId, next: PlanId): Promise<void>;
  strangePrice(): Promise<void>;
  card(name: string): Promise<void>;
  payInvoice(): Promise<void>;
  cancel(when: "now" | "period_end"): Promise<void>;
  resume(): Promise<void>;
  pause(): Promise<void>;
  /** Resumes a paused subscription, paid at once. */
  unpause(): Promise<void>;
  /** Another plan now, once it is paid for. */
  planWhenPaid(planId: PlanId): Promise<void>;
  /** Another plan when the period ends, by a schedule. */
  schedule(planId: PlanId): Promise<void>;
  rename(): Promise<void>;
  deleteCustomer(): Promise<void>;
  advance(by: string): Promise<void>;
}

/** Six events of one story, by type, in the order in which Stripe makes them. */
export interface Sextet {
  name: string;
  /** What has happened, and been applied, before the story. */
  before?: (driver: Driver) => Promise<void>;
  /** The story. */
  act: (driver: Driver) => Promise<void>;
  types: readonly [string, string, string, string, string, string];
}

/** A story as the sandbox told it. */
export interface Recording {
  /** What Stripe had before the story; null: nothing of the customer was applied then. */
  before: CustomerState | null;
  /** The six events as they were sent, and what Stripe had when each was. */
  events: readonly { payload: Stripe.Event; then: CustomerState | null }[];
  /** What Stripe has in the end. */
  after: CustomerState | null;
}

/** The shipped plans and `max`, a dearer one. */
export async function pushMax({ worker }: StripeBench): Promise<void> {
  const { configuration } = worker;
  const pro = configuration.plans.pro;
  if (pro === undefined) throw new Error("the shipped configuration has no plan pro");
  const prices = pro.prices.map((price) => ({ ...price, unitAmount: "9900" }));
  const max = { ...pro, displayName: "Max", prices, graceDays: 3 };
  const plans = { ...configuration.plans, max };
  await pushPlans({ ...worker, configuration: { ...configuration, plans } }, { dryRun: false });
}

/** Drives the sandbox through a story. @throws Error when it does not tell these six events in this order */
export async function record(bench: StripeBench, sextet: Sextet): Promise<Recording> {
  const stripe = bench.worker.stripe as StripeGateway;
  const organizationId = uuidv7();
  const customerId = await stripe.createCustomer(organizationId, `cus:${organizationId}`);
  const told: { payload: Stripe.Event; then: CustomerState | null }[] = [];
  const seen = new Set<string>();

  // Right after each step, so that each event stands beside what Stripe had when it was sent.
  async function capture(): Promise<CustomerState | null> {
    const then = await stripe.fetchCustomer(customerId);
    const { data } = await bench.stripe.events.list({ limit: 100 });
    for (const payload of data.toReversed().filter(({ id }) => !seen.has(id))) {
      seen.add(payload.id);
      const object = payload.data.object as { id?: string; customer?: unknown };
      const isOfCustomer = object.customer === customerId || object.id === customerId;
      if (isOfCustomer && isCustomerEvent(payload.type)) told.push({ payload, then });
    }
    return then;
  }

  const driver = watched(await createDriver(bench, { organizationId, customerId }), capture);
  await capture();
  await sextet.before?.(driver);
  const before = sextet.before ? await capture() : null;
  told.length = 0;
  await sextet.act(driver);
  return { before, events: choose(sextet, told), after: await capture() };
}

/** The first events of these types, each after the one before. */
function choose<Event extends { payload: Stripe.Event }>({ name, types }: Sextet, told: readonly Event[]) {
  const chosen: Event[] = [];
  for (const event of told) {
    if (event.payload.type === types[chosen.length]) chosen.push(event);
  }
  if (chosen.length !== types.length) {
    throw new Error(
      `"${name}" told ${told.map(({ payload }) => payload.type).join(", ")}: no ${types[chosen.length]}`,
    );
  }
  return chosen;
}

function watched(driver: Driver, after: () => Promise<unknown>): Driver {
  const steps = Object.entries(driver).map(([name, step]) => [
    name,
    async (...parameters: never[]) => {
      await (step as (...given: never[]) => Promise<void>)(...parameters);
      await after();
    },
  ]);
  return Object.fromEntries(steps) as Driver;
}

interface Subject {
  organizationId: string;
  customerId: string;
}

async function createDriver(bench: StripeBench, { organizationId, customerId }: Subject): Promise<Driver> {
  const { stripe } = bench;
  const gateway = bench.worker.stripe as StripeGateway;
  const prices = await bench.rows(
    "select plan_id, role, stripe_price_id as id from headroom.plan_price where currency = 'usd' and billing_interval = 'month'",
  );
  const priceOf = (planId: PlanId, role: string) =>
    String(prices.find((price) => price.plan_id === planId && price.role === role)?.id);
  const current = async () => {
    const { data } = await stripe.subscriptions.list({ customer: customerId, limit: 1 });
    if (data[0] === undefined) throw new Error("the customer has no subscription");
    return data[0];
  };
  const itemOf = ({ items }: Stripe.Subscription, seat: boolean) => {
    const item = items.data.find(({ price }) => (price.metadata.headroom_role === "seat") === seat);
    if (item === undefined) throw new Error("the subscription has no such item");
    return item;
  };
  const session = async ({ planId = "pro", seats, trialDays = 0 }: Parameters<Driver["checkout"]>[0]) => {
    const items = [
      { priceId: priceOf(planId, "plan"), quantity: 1 },
      { priceId: priceOf(planId, "seat"), quantity: seats },
    ];
    const [successUrl, cancelUrl] = ["https://app.example.com/paid", "https://app.example.com/left"];
    const settings = { automaticTax: false, taxIds: false, promotionCodes: false, locale: null };
    const wish = { organizationId, customerId, items, trialDays, successUrl, cancelUrl, ...settings };
    return gateway.createCheckout(wish, uuidv7());
  };
  const change = async (planId: PlanId, more: Stripe.SubscriptionUpdateParams) => {
    const subscription = await current();
    const items = [
      { id: itemOf(subscription, false).id, price: priceOf(planId, "plan"), quantity: 1 },
      { id: itemOf(subscription, true).id, price: priceOf(planId, "seat"), quantity: 2 },
    ];
    await stripe.subscriptions.update(subscription.id, { items, ...more });
  };
  return {
    checkout: async (wish) => bench.pay((await session(wish)).url ?? ""),
    expireCheckout: async () => {
      await gateway.expireCheckout((await session({ seats: 1 })).id);
    },
    seats: async (quantity) => {
      await stripe.subscriptionItems.update(itemOf(await current(), true).id, { quantity });
    },
    plan: (planId, proration) => change(planId, { proration_behavior: proration }),
    keep: async (paid, next) => {
      const { items } = await current();
      const until = (items.data[0]?.current_period_end ?? 0) * 1000;
      const metadata = keptMetadata({ planId: paid, planVersion: 1, until, seats: null });
      await change(next, { proration_behavior: "none", metadata });
    },
    strangePrice: async () => {
      const price = await stripe.prices.create({
        product: "headroom_pro_plan",
        currency: "usd",
        unit_amount: 1,
        recurring: { interval: "month" },
      });
      await stripe.subscriptionItems.update(itemOf(await current(), false).id, {
        price: price.id,
        quantity: 1,
      });
    },
    card: async (name) => {
      const method = await stripe.paymentMethods.attach(name, { customer: customerId });
      await stripe.subscriptions.update((await current()).id, { default_payment_method: method.id });
    },
    payInvoice: async () => {
      const { data } = await stripe.invoices.list({ customer: customerId, status: "open" });
      await stripe.invoices.pay(data[0]?.id ?? "");
    },
    cancel: async (when) => gateway.cancelSubscription((await current()).id, when, uuidv7()),
    pause: async () => {
      await stripe.subscriptions.pause((await current()).id);
    },
    unpause: async () => {
      const payment_behavior = "resume_on_payment_success";
      await stripe.subscriptions.resume((await current()).id, { payment_behavior });
    },
    planWhenPaid: (planId) =>
      change(planId, { proration_behavior: "always_invoice", payment_behavior: "pending_if_incomplete" }),
    schedule: async (planId) => {
      const { id, items } = await current();
      const { current_period_start: start_date, current_period_end: end_date } = items.data[0] ?? {};
      const made = await stripe.subscriptionSchedules.create({ from_subscription: id });
      const now = items.data.map(({ price, quantity = 1 }) => ({ price: price.id, quantity }));
      const next = [
        { price: priceOf(planId, "plan"), quantity: 1 },
        { price: priceOf(planId, "seat"), quantity: 2 },
      ];
      await stripe.subscriptionSchedules.update(made.id, {
        phases: [{ start_date: start_date ?? 0, end_date: end_date ?? 0, items: now }, { items: next }],
      });
    },
    resume: async () => gateway.resumeSubscription((await current()).id, uuidv7()),
    rename: async () => {
      await stripe.customers.update(customerId, { name: uuidv7() });
    },
    deleteCustomer: async () => {
      await stripe.customers.del(customerId);
    },
    advance: (by) => bench.advance(by),
  };
}
