import { type GoldenCase, line, plain } from "./scene.ts";

const april = "2031-04-01T00:00:00Z";

/** First invoices. April 2031 has 30 days. */
export const starts: GoldenCase[] = [
  {
    name: "first invoice",
    rule: "A licensed price is billed in advance: the first invoice covers the first period and is paid at once.",
    source: "billing/subscriptions/overview, billing/invoices/subscription",
    arithmetic: ["1 × 2900 = 2900"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, "2031-04-01", "2031-05-01")]),
    ],
  },
  {
    name: "first invoice with seats",
    rule: "Each item has a line: quantity × unit amount.",
    source: "billing/subscriptions/quantities, billing/subscriptions/multiple-products",
    arithmetic: ["plan 1 × 2900 = 2900", "seats 5 × 1000 = 5000", "2900 + 5000 = 7900"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const plan = await scene.price("Pro", 2900);
      await scene.subscribe(customer, [
        [plan, 1],
        [await scene.price("Seat", 1000), 5],
      ]);
      return { customer };
    },
    invoices: [
      plain("subscription_create", 7900, [
        line("period", 1, "2900", 2900, "2031-04-01", "2031-05-01"),
        line("period", 5, "1000", 5000, "2031-04-01", "2031-05-01"),
      ]),
    ],
  },
  {
    name: "yearly",
    rule: "The period is the price's interval, counted from the billing cycle anchor.",
    source: "billing/subscriptions/billing-cycle",
    arithmetic: ["1 × 29000 = 29000 for 2031-04-01 to 2032-04-01"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      await scene.subscribe(customer, [[await scene.price("Pro", 29_000, { interval: "year" }), 1]]);
      return { customer };
    },
    invoices: [
      plain("subscription_create", 29_000, [line("period", 1, "29000", 29_000, "2031-04-01", "2032-04-01")]),
    ],
  },
  {
    name: "trial start",
    rule: "A trial begins with an invoice of zero for the time of the trial.",
    source: "billing/subscriptions/trials/free-trials",
    arithmetic: ["0 for 14 days"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 2900);
      const trial = await scene.subscribe(customer, [[pro, 1]], { trial_period_days: 14 });
      return { customer, seen: [trial.status] };
    },
    invoices: [plain("subscription_create", 0, [line("trial", 1, "0", 0, "2031-04-01", "2031-04-15")])],
    seen: ["trialing"],
  },
  {
    name: "trial end",
    rule: "At the end of a trial the cycle is anchored there and a draft is made that finalizes after an hour.",
    source: "billing/subscriptions/trials/free-trials, billing/subscriptions/billing-cycle",
    arithmetic: ["1 × 2900 = 2900 from 2031-04-15"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 2900);
      const trial = await scene.subscribe(customer, [[pro, 1]], { trial_period_days: 14 });
      await scene.at("2031-04-15T01:00:00Z");
      return { customer, seen: [await scene.status(trial)] };
    },
    invoices: [
      plain("subscription_create", 0, [line("trial", 1, "0", 0, "2031-04-01", "2031-04-15")]),
      plain("subscription_cycle", 2900, [line("period", 1, "2900", 2900, "2031-04-15", "2031-05-15")]),
    ],
    seen: ["active"],
  },
  {
    name: "trial ended early",
    rule: "trial_end=now ends a trial, resets the billing date and charges immediately.",
    source: "Subscriptions.d.ts (update), billing/subscriptions/trials/free-trials",
    arithmetic: ["nothing was debited for the trial, so nothing is credited", "1 × 2900 from 2031-04-05"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 2900);
      const trial = await scene.subscribe(customer, [[pro, 1]], { trial_period_days: 14 });
      await scene.at("2031-04-05T00:00:00Z");
      await scene.stripe.subscriptions.update(trial.id, { trial_end: "now" });
      return { customer };
    },
    invoices: [
      plain("subscription_create", 0, [line("trial", 1, "0", 0, "2031-04-01", "2031-04-15")]),
      plain("subscription_update", 2900, [line("period", 1, "2900", 2900, "2031-04-05", "2031-05-05")]),
    ],
  },
  {
    name: "a zero-decimal currency with tax",
    rule: "Amounts of a zero-decimal currency are whole units; prorations and taxes are rounded to them.",
    source: "currencies (zero-decimal), tax/tax-rates",
    arithmetic: [
      "3 × 3000 = 9000 yen, 10 % = 900, total 9900",
      "3 → 4 with 20 of 30 days left: −9000 × 20/30 = −6000, 12000 × 20/30 = 8000, together 2000",
      "tax −600 + 800 = 200, total 2200",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const seat = await scene.price("席", 3000, { currency: "jpy" });
      const rate = { display_name: "JCT", percentage: 10, inclusive: false };
      const tax = await scene.stripe.taxRates.create(rate);
      const started = await scene.subscribe(customer, [[seat, 3]], { default_tax_rates: [tax.id] });
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { quantity: 4 }, { proration_behavior: "always_invoice" });
      return { customer };
    },
    invoices: [
      {
        reason: "subscription_create",
        lines: [line("period", 3, "3000", 9000, "2031-04-01", "2031-05-01")],
        subtotal: 9000,
        discount: 0,
        tax: 900,
        total: 9900,
        due: 9900,
        status: "paid",
      },
      {
        reason: "subscription_update",
        lines: [
          line("unused", 3, null, -6000, "2031-04-11", "2031-05-01"),
          line("remaining", 4, null, 8000, "2031-04-11", "2031-05-01"),
        ],
        subtotal: 2000,
        discount: 0,
        tax: 200,
        total: 2200,
        due: 2200,
        status: "paid",
      },
    ],
  },
];
