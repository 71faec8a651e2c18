import { type GoldenCase, line, plain } from "./scene.ts";

const april = "2031-04-01T00:00:00Z";
const first = "2031-04-01";
const may = "2031-05-01";
const june = "2031-06-01";

/** A start on 1 April 2031 (30 days); 11 April leaves 20/30, 16 April a half, 21 April a third. */
const prorations = "billing/subscriptions/prorations";

export const changes: GoldenCase[] = [
  {
    name: "upgrade, prorations on the next renewal",
    rule: "create_prorations credits the unused time of the old price and charges the remaining time of the new one; both wait for the next invoice.",
    source: `${prorations}, Subscriptions.d.ts (update)`,
    arithmetic: ["−2900 × 15/30 = −1450", "5900 × 15/30 = 2950", "next period 5900", "together 7400"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      const team = await scene.price("Team", 5900);
      await scene.at("2031-04-16T00:00:00Z");
      await scene.change(started, { price: team, quantity: 1 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]),
      plain("subscription_cycle", 7400, [
        line("unused", 1, null, -1450, "2031-04-16", may),
        line("remaining", 1, null, 2950, "2031-04-16", may),
        line("period", 1, "5900", 5900, may, june),
      ]),
    ],
  },
  {
    name: "upgrade, invoiced at once",
    rule: "always_invoice makes the prorations and bills them immediately; the billing date stays.",
    source: `${prorations}, billing/subscriptions/upgrade-downgrade`,
    arithmetic: ["−1450 + 2950 = 1500 on 16 April", "renewal 5900"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      const team = await scene.price("Team", 5900);
      await scene.at("2031-04-16T00:00:00Z");
      await scene.change(started, { price: team, quantity: 1 }, { proration_behavior: "always_invoice" });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]),
      plain("subscription_update", 1500, [
        line("unused", 1, null, -1450, "2031-04-16", may),
        line("remaining", 1, null, 2950, "2031-04-16", may),
      ]),
      plain("subscription_cycle", 5900, [line("period", 1, "5900", 5900, may, june)]),
    ],
  },
  {
    name: "downgrade, invoiced at once, leaves a credit",
    rule: "A negative total is not refunded: it becomes the customer's credit balance and pays the next invoice.",
    source: `${prorations} (negative prorations), billing/customer/balance`,
    arithmetic: [
      "−5900 × 20/30 = −3933.33 → −3933; 2900 × 20/30 = 1933.33 → 1933; together −2000, due 0",
      "renewal 2900 − 2000 = 900 due",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Team", 5900), 1]]);
      const pro = await scene.price("Pro", 2900);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { price: pro, quantity: 1 }, { proration_behavior: "always_invoice" });
      const { balance } = (await scene.stripe.customers.retrieve(customer)) as { balance: number };
      await scene.at("2031-05-01T01:00:00Z");
      return { customer, seen: [balance] };
    },
    invoices: [
      plain("subscription_create", 5900, [line("period", 1, "5900", 5900, first, may)]),
      {
        ...plain("subscription_update", -2000, [
          line("unused", 1, null, -3933, "2031-04-11", may),
          line("remaining", 1, null, 1933, "2031-04-11", may),
        ]),
        due: 0,
      },
      { ...plain("subscription_cycle", 2900, [line("period", 1, "2900", 2900, may, june)]), due: 900 },
    ],
    seen: [-2000],
  },
  {
    name: "no prorations",
    rule: "none changes the price without credit or charge; the new price is billed at the renewal.",
    source: "Subscriptions.d.ts (update)",
    arithmetic: ["renewal 5900, nothing else"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      const team = await scene.price("Team", 5900);
      await scene.at("2031-04-16T00:00:00Z");
      await scene.change(started, { price: team, quantity: 1 }, { proration_behavior: "none" });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]),
      plain("subscription_cycle", 5900, [line("period", 1, "5900", 5900, may, june)]),
    ],
  },
  {
    name: "more seats in mid-period",
    rule: "A change of quantity is prorated by the second, each line rounded once.",
    source: `${prorations}, billing/subscriptions/quantities`,
    arithmetic: ["−5000 × 20/30 = −3333.33 → −3333", "8000 × 20/30 = 5333.33 → 5333", "+ 8000 = 10000"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 5]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { quantity: 8 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 5000, [line("period", 5, "1000", 5000, first, may)]),
      plain("subscription_cycle", 10_000, [
        line("unused", 5, null, -3333, "2031-04-11", may),
        line("remaining", 8, null, 5333, "2031-04-11", may),
        line("period", 8, "1000", 8000, may, june),
      ]),
    ],
  },
  {
    name: "fewer seats in mid-period",
    rule: "A smaller quantity credits the old state and charges the new one.",
    source: `${prorations}, billing/subscriptions/quantities`,
    arithmetic: ["−8000 × 20/30 = −5333.33 → −5333", "5000 × 20/30 → 3333", "+ 5000 = 3000"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 8]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { quantity: 5 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 8000, [line("period", 8, "1000", 8000, first, may)]),
      plain("subscription_cycle", 3000, [
        line("unused", 8, null, -5333, "2031-04-11", may),
        line("remaining", 5, null, 3333, "2031-04-11", may),
        line("period", 5, "1000", 5000, may, june),
      ]),
    ],
  },
  {
    name: "two changes in one period",
    rule: "In flexible billing mode a credit is a share of the amount that was debited for the time, here of the charge of the first change.",
    source: `${prorations} (credit prorations), billing/subscriptions/billing-mode/compare`,
    arithmetic: [
      "5 → 8 on 11 April: −3333 and 5333",
      "8 → 6 on 21 April: 5333 was debited for 20 days, 10 are left: −5333 × 10/20 = −2666.5 → −2667",
      "6000 × 10/30 = 2000",
      "−3333 + 5333 − 2667 + 2000 + 6000 = 7333",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 5]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { quantity: 8 });
      await scene.at("2031-04-21T00:00:00Z");
      await scene.change(started, { quantity: 6 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 5000, [line("period", 5, "1000", 5000, first, may)]),
      plain("subscription_cycle", 7333, [
        line("unused", 5, null, -3333, "2031-04-11", may),
        line("remaining", 8, null, 5333, "2031-04-11", may),
        line("unused", 8, null, -2667, "2031-04-21", may),
        line("remaining", 6, null, 2000, "2031-04-21", may),
        line("period", 6, "1000", 6000, may, june),
      ]),
    ],
  },
  {
    name: "a seat more on the last day",
    rule: "Prorations go by the second that is left.",
    source: prorations,
    arithmetic: ["−5000 × 1/30 = −166.67 → −167", "6000 × 1/30 = 200", "−167 + 200 + 6000 = 6033"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 5]]);
      await scene.at("2031-04-30T00:00:00Z");
      await scene.change(started, { quantity: 6 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 5000, [line("period", 5, "1000", 5000, first, may)]),
      plain("subscription_cycle", 6033, [
        line("unused", 5, null, -167, "2031-04-30", may),
        line("remaining", 6, null, 200, "2031-04-30", may),
        line("period", 6, "1000", 6000, may, june),
      ]),
    ],
  },
  {
    name: "a change after one without prorations credits only what was debited",
    rule: "Flexible billing mode credits the original debit, and gives no credit where nothing was debited.",
    source:
      "billing/subscriptions/billing-mode/compare, changelog/basil/2025-04-30/subscriptions-billing-mode",
    arithmetic: [
      "5 → 9 on 11 April without prorations: nothing",
      "9 → 6 on 16 April: 5000 was debited for the month, −5000 × 15/30 = −2500; 6000 × 15/30 = 3000",
      "−2500 + 3000 + 6000 = 6500",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 5]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { quantity: 9 }, { proration_behavior: "none" });
      await scene.at("2031-04-16T00:00:00Z");
      await scene.change(started, { quantity: 6 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 5000, [line("period", 5, "1000", 5000, first, may)]),
      plain("subscription_cycle", 6500, [
        line("unused", 5, null, -2500, "2031-04-16", may),
        line("remaining", 6, null, 3000, "2031-04-16", may),
        line("period", 6, "1000", 6000, may, june),
      ]),
    ],
  },
  {
    name: "the same change in classic billing mode credits the current state",
    rule: "Classic billing mode computes credits from the item's current price and quantity.",
    source: "billing/subscriptions/billing-mode/compare",
    arithmetic: [
      "9 → 6 on 16 April: −9000 × 15/30 = −4500 although 9 were never debited; 6000 × 15/30 = 3000",
      "−4500 + 3000 + 6000 = 4500",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const seat = await scene.price("Seat", 1000);
      const started = await scene.subscribe(customer, [[seat, 5]], { billing_mode: { type: "classic" } });
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { quantity: 9 }, { proration_behavior: "none" });
      await scene.at("2031-04-16T00:00:00Z");
      await scene.change(started, { quantity: 6 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 5000, [line("period", 5, "1000", 5000, first, may)]),
      plain("subscription_cycle", 4500, [
        line("unused", 9, null, -4500, "2031-04-16", may),
        line("remaining", 6, null, 3000, "2031-04-16", may),
        line("period", 6, "1000", 6000, may, june),
      ]),
    ],
  },
  {
    name: "an add-on taken off in mid-period",
    rule: "A deleted item is credited for its unused time.",
    source: `${prorations}, billing/subscriptions/multiple-products`,
    arithmetic: ["−301 × 20/30 = −200.67 → −201", "−201 + 2900 = 2699"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 2900);
      const started = await scene.subscribe(customer, [
        [pro, 1],
        [await scene.price("Add-on", 301), 1],
      ]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.stripe.subscriptions.update(started.id, {
        items: [{ id: String(started.items.data[1]?.id), deleted: true }],
      });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 3201, [
        line("period", 1, "2900", 2900, first, may),
        line("period", 1, "301", 301, first, may),
      ]),
      plain("subscription_cycle", 2699, [
        line("unused", 1, null, -201, "2031-04-11", may),
        line("period", 1, "2900", 2900, may, june),
      ]),
    ],
  },
  {
    name: "seats at a decimal unit price",
    rule: "unit_amount_decimal × quantity is rounded once to the minor unit.",
    source: "Prices.d.ts (unit_amount_decimal), products-prices/pricing-models",
    arithmetic: [
      "7 × 12.345 = 86.415 → 86",
      "7 → 8 on 16 April: −86 × 15/30 = −43; 8 × 12.345 × 15/30 = 49.38 → 49",
      "8 × 12.345 = 98.76 → 99; −43 + 49 + 99 = 105",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", "12.345"), 7]]);
      await scene.at("2031-04-16T00:00:00Z");
      await scene.change(started, { quantity: 8 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 86, [line("period", 7, "12.345", 86, first, may)]),
      plain("subscription_cycle", 105, [
        line("unused", 7, null, -43, "2031-04-16", may),
        line("remaining", 8, null, 49, "2031-04-16", may),
        line("period", 8, "12.345", 99, may, june),
      ]),
    ],
  },
];
