import Stripe from "stripe";
import { type GoldenCase, line, plain, type Scene } from "./scene.ts";

const april = "2031-04-01T00:00:00Z";
const first = "2031-04-01";
const may = "2031-05-01";
const june = "2031-06-01";
const seconds = (day: string): number => Date.parse(day) / 1000;

/** Puts usage on a draft: quantity × a decimal unit price, for the month it happened in. */
async function overage(scene: Scene, customer: string, invoice: string, unit: string, quantity: string) {
  await scene.stripe.invoiceItems.create({
    customer,
    invoice,
    unit_amount_decimal: Stripe.Decimal.from(unit),
    quantity_decimal: Stripe.Decimal.from(quantity),
    period: { start: seconds(first), end: seconds(may) },
    description: "Usage above the plan",
  });
}

/** What a backend bills beside the plan. */
export const invoiceItemCases: GoldenCase[] = [
  {
    name: "an item on the renewal draft at a decimal unit price",
    rule: "An item's amount is unit_amount_decimal × quantity, rounded once, halves away from zero; it can be put on a draft until that is finalized.",
    source: "InvoiceItems.d.ts, billing/invoices/subscription (draft for about an hour)",
    arithmetic: ["333 × 2.5 = 832.5 → 833", "833 + 2900 = 3733"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      await scene.at("2031-05-01T00:00:00Z");
      await overage(scene, customer, await scene.latestInvoice(started), "2.5", "333");
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]),
      plain("subscription_cycle", 3733, [
        line("item", 333, "2.5", 833, first, may),
        line("period", 1, "2900", 2900, may, june),
      ]),
    ],
  },
  {
    name: "a negative item on the renewal draft",
    rule: "A negative amount lowers the amount due of its invoice.",
    source: "InvoiceItems.d.ts (unit_amount_decimal, amount)",
    arithmetic: ["−500 + 2900 = 2400"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      await scene.at("2031-05-01T00:00:00Z");
      await scene.stripe.invoiceItems.create({
        customer,
        invoice: await scene.latestInvoice(started),
        amount: -500,
        period: { start: seconds(first), end: seconds(may) },
      });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]),
      plain("subscription_cycle", 2400, [
        line("item", 1, null, -500, first, may),
        line("period", 1, "2900", 2900, may, june),
      ]),
    ],
  },
  {
    name: "an item changed and another taken off before the draft finalizes",
    rule: "Items of a draft can be updated and deleted; its sums follow.",
    source: "InvoiceItems.d.ts (update, del)",
    arithmetic: ["40 × 25 = 1000 replaces 10 × 25; the 700 is taken off; 1000 + 2900 = 3900"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      await scene.at("2031-05-01T00:00:00Z");
      const invoice = await scene.latestInvoice(started);
      const period = { start: seconds(first), end: seconds(may) };
      const unit_amount_decimal = Stripe.Decimal.from("25");
      const items = scene.stripe.invoiceItems;
      const kept = await items.create({ customer, invoice, unit_amount_decimal, quantity: 10, period });
      const dropped = await items.create({ customer, invoice, amount: 700, period });
      await items.update(kept.id, { quantity: 40 });
      await items.del(dropped.id);
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]),
      plain("subscription_cycle", 3900, [
        line("item", 40, "25", 1000, first, may),
        line("period", 1, "2900", 2900, may, june),
      ]),
    ],
  },
  {
    name: "overage on an invoice of our own leaves pending prorations alone",
    rule: "pending_invoice_items_behavior=exclude makes an empty draft; pending items stay for the next renewal.",
    source: "Invoices.d.ts (create), invoicing/overview",
    arithmetic: [
      "own invoice: 1234 × 0.15 = 185.1 → 185",
      "renewal: −3333 + 5333 + 8000 = 10000 (5 → 8 seats on 11 April)",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 5]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { quantity: 8 });
      await scene.at("2031-04-16T00:00:00Z");
      const own = await scene.stripe.invoices.create({
        customer,
        subscription: started.id,
        auto_advance: true,
        pending_invoice_items_behavior: "exclude",
      });
      await overage(scene, customer, own.id, "0.15", "1234");
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 5000, [line("period", 5, "1000", 5000, first, may)]),
      plain("manual", 185, [line("item", 1234, "0.15", 185, first, may)]),
      plain("subscription_cycle", 10_000, [
        line("unused", 5, null, -3333, "2031-04-11", may),
        line("remaining", 8, null, 5333, "2031-04-11", may),
        line("period", 8, "1000", 8000, may, june),
      ]),
    ],
  },
  {
    name: "a yearly plan with an invoice of our own for the month",
    rule: "A yearly subscription makes no draft at a month's end; an invoice by hand with auto_advance finalizes after an hour and is charged.",
    source: "Invoices.d.ts (create, auto_advance), invoicing/integration/automatic-advancement-collection",
    arithmetic: ["1001 × 0.5 = 500.5 → 501"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const year = await scene.price("Pro, yearly", 29_000, { interval: "year" });
      const started = await scene.subscribe(customer, [[year, 1]]);
      await scene.at("2031-05-01T00:00:00Z");
      const own = await scene.stripe.invoices.create({
        customer,
        subscription: started.id,
        auto_advance: true,
        pending_invoice_items_behavior: "exclude",
      });
      await overage(scene, customer, own.id, "0.5", "1001");
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 29_000, [line("period", 1, "29000", 29_000, first, "2032-04-01")]),
      plain("manual", 501, [line("item", 1001, "0.5", 501, first, may)]),
    ],
  },
];
