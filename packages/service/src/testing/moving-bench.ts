import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { uuidv7 } from "@headroom/platform/uuid";
import type Stripe from "stripe";
import { importFile } from "../import/file-import.ts";
import { importCustomers, type StripeImport } from "../import/stripe-import.ts";
import { readStripeMapping } from "../import/stripe-mapping.ts";
import { createStripeBench, type StripeBench, type StripeBenchOptions } from "./stripe-bench.ts";

/** A Stripe account that another system has filled, and a Headroom that is to take it over. */
export interface MovingBench extends StripeBench {
  prices: { base: string; seat: string; overage: string };
  /** A customer of that system, with a card; subscribed with so many seats (null: not at all). */
  customer(seats: number | null, more?: Partial<Stripe.CustomerCreateParams>): Promise<string>;
  subscribe(customerId: string, seats: number, metadata?: Record<string, string>): Promise<string>;
  /** A file with these lines; JSON where they are no text. */
  file(lines: readonly (object | string)[]): string;
  /** The mapping of the account's prices to plan `pro`. */
  priceLines(): object[];
  link(lines: readonly (object | string)[], more?: { dryRun?: boolean }): Promise<StripeImport>;
  /** An organization with an owner and so many members beside, imported under this id. */
  people(externalId: string, others?: number, more?: readonly object[]): Promise<string>;
  /** How many requests have changed something at Stripe so far. */
  changes(): Promise<number>;
}

export const operator = { kind: "operator", name: "kim" } as const;
export const issuer = "https://login.example.com";

/** The lines of an organization, its owner and its members. */
export function organizationLines(externalId: string, others = 0): object[] {
  const subjects = Array.from({ length: others + 1 }, (_, index) => `${externalId}-${index}`);
  return [
    ...subjects.map((subject) => ({
      kind: "user",
      issuer,
      subject,
      email: `${subject}@example.com`,
      emailVerified: true,
    })),
    { kind: "organization", externalId, name: externalId },
    ...subjects.map((subject, index) => ({
      kind: "member",
      organization: externalId,
      user: { issuer, subject },
      role: index === 0 ? "owner" : "member",
    })),
  ];
}

/** Plan `pro` has seats that follow the members. */
export async function createMovingBench(options: StripeBenchOptions = {}): Promise<MovingBench> {
  const bench = await createStripeBench({
    configure: (shipped) => {
      const { pro, ...others } = shipped.plans;
      if (pro === undefined) throw new Error("the shipped configuration has no plan pro");
      const { prices } = pro.seats;
      const seats = { kind: "auto", included: 2, maxSeats: null, prices, proration: "next_invoice" } as const;
      return {
        ...shipped,
        plans: { ...others, pro: { ...pro, seats } },
        billing: { live: false, liveFrom: null },
      };
    },
    ...options,
  });
  const { stripe } = bench;
  const product = await stripe.products.create({ name: "Old product" });
  const price = async (amount: number, more: Partial<Stripe.PriceCreateParams> = {}) => {
    const fields = { product: product.id, currency: "usd", unit_amount: amount, ...more };
    return (await stripe.prices.create(fields)).id;
  };
  const monthly = { recurring: { interval: "month" as const } };
  const prices = {
    base: await price(2_900, monthly),
    seat: await price(900, { ...monthly, lookup_key: "old_seat" }),
    overage: await price(3),
  };
  async function subscribe(customer: string, seats: number, metadata: Record<string, string> = {}) {
    const items = [{ price: prices.base }, { price: prices.seat, quantity: seats }];
    const billingMode = { type: "classic" as const };
    return (await stripe.subscriptions.create({ customer, items, metadata, billing_mode: billingMode })).id;
  }
  const file = (lines: readonly (object | string)[]) => {
    const path = join(tmpdir(), `headroom-moving-${uuidv7()}`);
    writeFileSync(
      path,
      lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
    );
    return path;
  };
  return {
    ...bench,
    prices,
    subscribe,
    file,
    async customer(seats, more = {}) {
      const { id } = await stripe.customers.create({ name: "Customer", ...more });
      const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: id });
      await stripe.customers.update(id, { invoice_settings: { default_payment_method: method.id } });
      if (seats !== null) await subscribe(id, seats);
      return id;
    },
    priceLines: () => [
      { price: prices.base, role: "plan", plan: "pro", version: 1 },
      { lookupKey: "old_seat", role: "seat", plan: "pro", version: 1 },
      { price: prices.overage, role: "overage", meter: "jobs" },
    ],
    async link(lines, { dryRun = false } = {}) {
      return importCustomers(bench.worker, {
        mapping: await readStripeMapping([file(lines)]),
        dryRun,
        operator,
      });
    },
    async people(externalId, others = 0, more = []) {
      const path = file([...organizationLines(externalId, others), ...more]);
      const input = { file: path, dryRun: false, skipBad: false, operator, issuers: new Set<string>() };
      const { faults } = await importFile(bench.api, input);
      if (faults.length > 0) throw new Error(JSON.stringify(faults));
      const [row] = await bench.rows(
        "select organization_id as id from headroom.organization_reference where external_id = $1",
        externalId,
      );
      return String(row?.id);
    },
    async changes() {
      const answer = await fetch(`${bench.sandboxUrl}/_sandbox/requests`);
      const { requests } = (await answer.json()) as { requests: { method: string; path: string }[] };
      const reads = (one: { method: string; path: string }) =>
        one.method === "GET" || one.path === "/v1/invoices/create_preview";
      return requests.filter((one) => !reads(one)).length;
    },
  };
}
