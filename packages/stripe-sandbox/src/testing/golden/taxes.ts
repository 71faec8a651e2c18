import Stripe from "stripe";
import { type GoldenCase, line, plain, type Scene } from "./scene.ts";

const april = "2031-04-01T00:00:00Z";
const first = "2031-04-01";
const may = "2031-05-01";
const june = "2031-06-01";

async function vat(scene: Scene, percentage: number, inclusive: boolean): Promise<string> {
  return (await scene.stripe.taxRates.create({ display_name: "VAT", percentage, inclusive })).id;
}

/** Tax rates by hand and automatic tax. Each line's tax is rounded by itself. */
export const taxes: GoldenCase[] = [
  {
    name: "an exclusive rate",
    rule: "An exclusive rate is added: each line's tax is its amount × percentage, rounded.",
    source:
      "tax/tax-rates, billing/taxes/tax-rates, support: rounding rules (line items are rounded, then added)",
    arithmetic: [
      "3 × 999 = 2997, 19 % = 569.43 → 569",
      "1 × 55, 19 % = 10.45 → 10",
      "3052 + 579 = 3631 (19 % of 3052 at once would be 579.88 → 580)",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const seat = await scene.price("Seat", 999);
      const addon = await scene.price("Add-on", 55);
      const default_tax_rates = [await vat(scene, 19, false)];
      await scene.subscribe(
        customer,
        [
          [seat, 3],
          [addon, 1],
        ],
        { default_tax_rates },
      );
      return { customer };
    },
    invoices: [
      {
        ...plain("subscription_create", 3052, [
          line("period", 3, "999", 2997, first, may),
          line("period", 1, "55", 55, first, may),
        ]),
        tax: 579,
        total: 3631,
        due: 3631,
      },
    ],
  },
  {
    name: "an inclusive rate",
    rule: "An inclusive rate is contained in the price: the total stays, tax = amount × p / (100 + p).",
    source: "tax/tax-rates (inclusive and exclusive)",
    arithmetic: ["2900 × 19/119 = 463.03 → 463; without tax 2437"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 2900);
      const default_tax_rates = [await vat(scene, 19, true)];
      const { latest_invoice } = await scene.subscribe(customer, [[pro, 1]], { default_tax_rates });
      const invoice = await scene.stripe.invoices.retrieve(String(latest_invoice));
      return { customer, seen: [invoice.total_excluding_tax, invoice.total_taxes?.[0]?.taxable_amount] };
    },
    invoices: [
      { ...plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]), tax: 463 },
    ],
    seen: [2437, 2437],
  },
  {
    name: "tax with a discount and prorations",
    rule: "Tax is on what is left after discounts; a proration's amount has the discount in it already, is not discounted again, and is taxed like its debit.",
    source:
      "billing/subscriptions/prorations (prorations and discounts, credit prorations), billing/taxes/tax-rates",
    arithmetic: [
      "1 April: 3000 − 20 % = 2400, 19 % = 456, total 2856",
      "16 April, 3000 → 6000: −2400 × 15/30 = −1200 with tax −228; (6000 − 1200) × 15/30 = 2400 with tax 456",
      "together 1200 + 228 = 1428",
      "1 May: 6000 − 1200 = 4800, 19 % = 912, total 5712",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const coupon = await scene.stripe.coupons.create({ percent_off: 20, duration: "forever" });
      const pro = await scene.price("Pro", 3000);
      const team = await scene.price("Team", 6000);
      const started = await scene.subscribe(customer, [[pro, 1]], {
        discounts: [{ coupon: coupon.id }],
        default_tax_rates: [await vat(scene, 19, false)],
      });
      await scene.at("2031-04-16T00:00:00Z");
      await scene.change(started, { price: team, quantity: 1 }, { proration_behavior: "always_invoice" });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      {
        ...plain("subscription_create", 3000, [line("period", 1, "3000", 3000, first, may)]),
        discount: 600,
        tax: 456,
        total: 2856,
        due: 2856,
      },
      {
        ...plain("subscription_update", 1200, [
          line("unused", 1, null, -1200, "2031-04-16", may),
          line("remaining", 1, null, 2400, "2031-04-16", may),
        ]),
        tax: 228,
        total: 1428,
        due: 1428,
      },
      {
        ...plain("subscription_cycle", 6000, [line("period", 1, "6000", 6000, may, june)]),
        discount: 1200,
        tax: 912,
        total: 5712,
        due: 5712,
      },
    ],
  },
  {
    name: "a credit is taxed as its debit was",
    rule: "Flexible billing mode credits taxes by the original debit, also when the rate has changed since.",
    source: "changelog/basil/2025-04-30/subscriptions-billing-mode",
    arithmetic: [
      "1 April: 3000, 19 % = 570, total 3570",
      "16 April, now at 7 %, 3000 → 6000: −1500 with −285 (19 %), 3000 with 210 (7 %); 1500 − 75 = 1425",
      "1 May: 6000, 7 % = 420, total 6420",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 3000);
      const team = await scene.price("Team", 6000);
      const default_tax_rates = [await vat(scene, 19, false)];
      const started = await scene.subscribe(customer, [[pro, 1]], { default_tax_rates });
      await scene.at("2031-04-16T00:00:00Z");
      await scene.stripe.subscriptions.update(started.id, {
        default_tax_rates: [await vat(scene, 7, false)],
      });
      await scene.change(started, { price: team, quantity: 1 }, { proration_behavior: "always_invoice" });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      {
        ...plain("subscription_create", 3000, [line("period", 1, "3000", 3000, first, may)]),
        tax: 570,
        total: 3570,
        due: 3570,
      },
      {
        ...plain("subscription_update", 1500, [
          line("unused", 1, null, -1500, "2031-04-16", may),
          line("remaining", 1, null, 3000, "2031-04-16", may),
        ]),
        tax: -75,
        total: 1425,
        due: 1425,
      },
      {
        ...plain("subscription_cycle", 6000, [line("period", 1, "6000", 6000, may, june)]),
        tax: 420,
        total: 6420,
        due: 6420,
      },
    ],
  },
  {
    name: "a credit for what was not taxed is not taxed",
    rule: "Flexible billing mode credits taxes by the original debit.",
    source: "changelog/basil/2025-04-30/subscriptions-billing-mode",
    arithmetic: [
      "1 April: 3000 without tax",
      "16 April, now at 19 %, 3000 → 6000: −1500 without tax, 3000 with 570; 1500 + 570 = 2070",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 3000);
      const team = await scene.price("Team", 6000);
      const started = await scene.subscribe(customer, [[pro, 1]]);
      await scene.at("2031-04-16T00:00:00Z");
      const default_tax_rates = [await vat(scene, 19, false)];
      const at = { proration_behavior: "always_invoice", default_tax_rates } as const;
      await scene.change(started, { price: team, quantity: 1 }, at);
      return { customer };
    },
    invoices: [
      plain("subscription_create", 3000, [line("period", 1, "3000", 3000, first, may)]),
      {
        ...plain("subscription_update", 1500, [
          line("unused", 1, null, -1500, "2031-04-16", may),
          line("remaining", 1, null, 3000, "2031-04-16", may),
        ]),
        tax: 570,
        total: 2070,
        due: 2070,
      },
    ],
  },
  {
    name: "an item's own rate on an own invoice with a default rate",
    rule: "Tax rates of an item replace the invoice's default rates for it.",
    source: "InvoiceItems.d.ts (tax_rates), Invoices.d.ts (default_tax_rates)",
    arithmetic: ["100 × 2.5 = 250 at 7 % = 17.5 → 18", "1000 at 19 % = 190", "1250 + 208 = 1458"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const own = await scene.stripe.invoices.create({
        customer,
        currency: "usd",
        auto_advance: true,
        pending_invoice_items_behavior: "exclude",
        default_tax_rates: [await vat(scene, 19, false)],
      });
      const reduced = await vat(scene, 7, false);
      await scene.stripe.invoiceItems.create({ customer, invoice: own.id, amount: 1000 });
      await scene.stripe.invoiceItems.create({
        customer,
        invoice: own.id,
        unit_amount_decimal: Stripe.Decimal.from("2.5"),
        quantity: 100,
        tax_rates: [reduced],
      });
      await scene.at("2031-04-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      {
        ...plain("manual", 1250, [
          line("item", 100, "2.5", 250, first, first),
          line("item", 1, null, 1000, first, first),
        ]),
        tax: 208,
        total: 1458,
        due: 1458,
      },
    ],
  },
  {
    name: "automatic tax by the customer's country",
    rule: "automatic_tax computes the tax from the customer's address; a price's tax_behavior says whether it is added or contained.",
    source: "tax/subscriptions, tax/products-prices-tax-codes-tax-behavior",
    arithmetic: [
      "2900 + 19 % (551) added",
      "1190 contains 1190 × 19/119 = 190",
      "4090 + 551 = 4641, tax 741",
    ],
    begins: april,
    script: async (scene) => {
      await scene.control("/_sandbox/tax", { percentages: { DE: 19 } });
      const customer = await scene.customer();
      await scene.stripe.customers.update(customer, { address: { country: "DE" } });
      const pro = await scene.price("Pro", 2900, { tax_behavior: "exclusive" });
      const addon = await scene.price("Add-on", 1190, { tax_behavior: "inclusive" });
      await scene.subscribe(
        customer,
        [
          [pro, 1],
          [addon, 1],
        ],
        { automatic_tax: { enabled: true } },
      );
      return { customer };
    },
    invoices: [
      {
        ...plain("subscription_create", 4090, [
          line("period", 1, "2900", 2900, first, may),
          line("period", 1, "1190", 1190, first, may),
        ]),
        tax: 741,
        total: 4641,
        due: 4641,
      },
    ],
  },
];
