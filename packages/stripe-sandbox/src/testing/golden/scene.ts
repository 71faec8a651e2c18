import Stripe from "stripe";
import { openWorkbench, payingCustomer } from "../workbench.ts";

/** One line as Stripe's rule says it must be. */
export interface ExpectedLine {
  /** A period in advance, a free trial, the credit and the charge of a proration, or an invoice item by hand. */
  kind: LineKind;
  quantity: number;
  /** Minor units, a decimal; null where a line has an amount only. */
  unit: string | null;
  amount: number;
  proration: boolean;
  /** Days, or minutes where it is not midnight; UTC. */
  period: [start: string, end: string];
}
export type LineKind = "period" | "trial" | "unused" | "remaining" | "item";

/** One invoice in minor units: `tax` is what the lines' taxes add up to, added to the total or contained in it. */
export interface ExpectedInvoice {
  reason: string;
  lines: ExpectedLine[];
  subtotal: number;
  discount: number;
  tax: number;
  total: number;
  due: number;
  status: string;
}

/** An invoice worked out by hand, before the sandbox was asked. */
export interface GoldenCase {
  name: string;
  /** The rule as Stripe documents it. */
  rule: string;
  /** Where: pages of docs.stripe.com, or the comments in the `stripe` package's types. */
  source: string;
  /** The sum, in words and numbers. */
  arithmetic: string[];
  /** The instant at which the clock stands when the script begins. */
  begins: string;
  script: (scene: Scene) => Promise<Outcome>;
  /** All invoices of the customer, oldest first. */
  invoices: ExpectedInvoice[];
  /** What the script saw on its way, in order. */
  seen?: unknown[];
  /** The customer's balance at the end; 0 when left out. */
  balance?: number;
}

export interface Outcome {
  customer: string;
  seen?: unknown[];
}

/** A sandbox whose clock stands still between calls, and the calls that most scripts make. */
export interface Scene {
  stripe: Stripe;
  /** Moves the clock to an instant. */
  at(instant: string): Promise<void>;
  control(path: string, body: object): Promise<Record<string, unknown>>;
  /** The address of the sandbox. */
  url: string;
  /** A recurring price on a product of its own; a text is a decimal amount. */
  price(name: string, amount: number | string, more?: PriceOptions): Promise<string>;
  /** A customer with a default card that pays. */
  customer(): Promise<string>;
  /** Makes another test card the customer's default. */
  card(customer: string, name: string): Promise<void>;
  subscribe(
    customer: string,
    items: Array<[price: string, quantity: number]>,
    more?: Partial<Stripe.SubscriptionCreateParams>,
  ): Promise<Stripe.Subscription>;
  /** Updates the first item. */
  change(
    subscription: Stripe.Subscription,
    item: Omit<Stripe.SubscriptionUpdateParams.Item, "id">,
    more?: Partial<Stripe.SubscriptionUpdateParams>,
  ): Promise<Stripe.Subscription>;
  status(subscription: Stripe.Subscription): Promise<string>;
  latestInvoice(subscription: Stripe.Subscription): Promise<string>;
  close(): Promise<void>;
}

export interface PriceOptions {
  currency?: string;
  interval?: "month" | "year";
  tax_behavior?: "inclusive" | "exclusive";
}

export async function openScene(begins: string): Promise<Scene> {
  const bench = await openWorkbench({ stillAt: new Date(begins) });
  const { stripe } = bench;
  return {
    stripe,
    url: bench.url,
    at: async (instant) => {
      await bench.advance({ to: instant });
    },
    control: async (path, body) => {
      const answer = await bench.control(path, body);
      if (answer.status !== 200) throw new Error(JSON.stringify(answer));
      return answer.body;
    },
    price: (name, amount, more) => priceOf(stripe, name, amount, more ?? {}),
    customer: async () => (await payingCustomer(stripe)).id,
    card: async (customer, name) => {
      const method = await stripe.paymentMethods.attach(name, { customer });
      const invoice_settings = { default_payment_method: method.id };
      await stripe.customers.update(customer, { invoice_settings });
    },
    subscribe: (customer, items, more) =>
      stripe.subscriptions.create({
        customer,
        items: items.map(([price, quantity]) => ({ price, quantity })),
        ...more,
      }),
    change: ({ id, items }, item, more) =>
      stripe.subscriptions.update(id, { items: [{ id: String(items.data[0]?.id), ...item }], ...more }),
    status: async ({ id }) => (await stripe.subscriptions.retrieve(id)).status,
    latestInvoice: async ({ id }) => String((await stripe.subscriptions.retrieve(id)).latest_invoice),
    close: bench.close,
  };
}

async function priceOf(
  stripe: Stripe,
  name: string,
  amount: number | string,
  { currency = "usd", interval = "month", ...more }: PriceOptions,
): Promise<string> {
  const product = await stripe.products.create({ name });
  const sum =
    typeof amount === "number"
      ? { unit_amount: amount }
      : { unit_amount_decimal: Stripe.Decimal.from(amount) };
  const price = { product: product.id, currency, recurring: { interval }, ...sum, ...more };
  return (await stripe.prices.create(price)).id;
}

/** A line for the data below; prorations are the two kinds that a change makes. */
export function line(
  kind: LineKind,
  quantity: number,
  unit: string | null,
  amount: number,
  start: string,
  end: string,
): ExpectedLine {
  const proration = kind === "unused" || kind === "remaining";
  return { kind, quantity, unit, amount, proration, period: [start, end] };
}

/** An invoice without discount and tax, paid in full: its sums are its lines' sum, said beside it by hand. */
export function plain(reason: string, total: number, lines: ExpectedLine[]): ExpectedInvoice {
  return { reason, lines, subtotal: total, discount: 0, tax: 0, total, due: total, status: "paid" };
}
