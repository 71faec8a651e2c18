import { type GoldenCase, line, plain } from "./scene.ts";

const april = "2031-04-01T00:00:00Z";

/** Changes of the interval and of the anchor, and a month without the anchor's day. */
export const periods: GoldenCase[] = [
  {
    name: "monthly to yearly and back",
    rule: "A change of interval credits the unused time, starts a new period now and charges it immediately, under create_prorations too.",
    source: "Subscriptions.d.ts (update), billing/subscriptions/upgrade-downgrade",
    arithmetic: [
      "11 April: −2900 × 20/30 = −1933.33 → −1933; 29000 for the year to 2032-04-11; together 27067",
      "11 May: the year has 366 days (29 February 2032), 30 are gone: −29000 × 336/366 = −26622.95 → −26623",
      "2900 for the month to 11 June; together −23723, kept as credit",
      "11 June: 2900, paid by the credit: −23723 + 2900 = −20823 is left",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 2900);
      const year = await scene.price("Pro, yearly", 29_000, { interval: "year" });
      const started = await scene.subscribe(customer, [[pro, 1]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { price: year, quantity: 1 });
      await scene.at("2031-05-11T00:00:00Z");
      await scene.change(started, { price: pro, quantity: 1 });
      await scene.at("2031-06-11T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, "2031-04-01", "2031-05-01")]),
      plain("subscription_update", 27_067, [
        line("unused", 1, null, -1933, "2031-04-11", "2031-05-01"),
        line("period", 1, "29000", 29_000, "2031-04-11", "2032-04-11"),
      ]),
      {
        ...plain("subscription_update", -23_723, [
          line("unused", 1, null, -26_623, "2031-05-11", "2032-04-11"),
          line("period", 1, "2900", 2900, "2031-05-11", "2031-06-11"),
        ]),
        due: 0,
      },
      {
        ...plain("subscription_cycle", 2900, [line("period", 1, "2900", 2900, "2031-06-11", "2031-07-11")]),
        due: 0,
      },
    ],
    balance: -20_823,
  },
  {
    name: "monthly to yearly without prorations",
    rule: "With none a change of interval gives no credit, and still resets the billing date and bills immediately.",
    source: "Subscriptions.d.ts (update)",
    arithmetic: ["29000 for 2031-04-11 to 2032-04-11"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      const year = await scene.price("Pro, yearly", 29_000, { interval: "year" });
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { price: year, quantity: 1 }, { proration_behavior: "none" });
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, "2031-04-01", "2031-05-01")]),
      plain("subscription_update", 29_000, [line("period", 1, "29000", 29_000, "2031-04-11", "2032-04-11")]),
    ],
  },
  {
    name: "the billing cycle restarted",
    rule: "billing_cycle_anchor=now credits the unused time and bills a new period from now.",
    source: "billing/subscriptions/billing-cycle (reset), Subscriptions.d.ts (billing_cycle_anchor)",
    arithmetic: ["−2900 × 20/30 → −1933", "2900 for 11 April to 11 May", "together 967"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.stripe.subscriptions.update(started.id, { billing_cycle_anchor: { type: "now" } });
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, "2031-04-01", "2031-05-01")]),
      plain("subscription_update", 967, [
        line("unused", 1, null, -1933, "2031-04-11", "2031-05-01"),
        line("period", 1, "2900", 2900, "2031-04-11", "2031-05-11"),
      ]),
    ],
  },
  {
    name: "anchored on the 31st in a leap year",
    rule: "A day that a month lacks becomes its last day, and the anchor's day comes back after it.",
    source:
      "billing/subscriptions/billing-cycle (31 January bills 29 February in a leap year, then 31 March)",
    arithmetic: [
      "31 January to 29 February 2032 is 29 days",
      "2 → 3 seats on 15 February, 14 days left: −2000 × 14/29 = −965.52 → −966; 3000 × 14/29 = 1448.28 → 1448",
      "29 February: −966 + 1448 + 3000 = 3482 to 31 March; 31 March: 3000 to 30 April",
    ],
    begins: "2032-01-31T00:00:00Z",
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 2]]);
      await scene.at("2032-02-15T00:00:00Z");
      await scene.change(started, { quantity: 3 });
      await scene.at("2032-03-31T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 2000, [line("period", 2, "1000", 2000, "2032-01-31", "2032-02-29")]),
      plain("subscription_cycle", 3482, [
        line("unused", 2, null, -966, "2032-02-15", "2032-02-29"),
        line("remaining", 3, null, 1448, "2032-02-15", "2032-02-29"),
        line("period", 3, "1000", 3000, "2032-02-29", "2032-03-31"),
      ]),
      plain("subscription_cycle", 3000, [line("period", 3, "1000", 3000, "2032-03-31", "2032-04-30")]),
    ],
  },
  {
    name: "cancelled now, prorated and invoiced",
    rule: "prorate credits the unused time, invoice_now bills it; the credit stays on the customer's balance.",
    source: "billing/subscriptions/cancel (prorations), Subscriptions.d.ts (cancel)",
    arithmetic: ["−3000 × 15/30 = −1500"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 3]]);
      await scene.at("2031-04-16T00:00:00Z");
      await scene.stripe.subscriptions.cancel(started.id, { prorate: true, invoice_now: true });
      return { customer, seen: [await scene.status(started)] };
    },
    invoices: [
      plain("subscription_create", 3000, [line("period", 3, "1000", 3000, "2031-04-01", "2031-05-01")]),
      {
        ...plain("subscription_update", -1500, [line("unused", 3, null, -1500, "2031-04-16", "2031-05-01")]),
        due: 0,
      },
    ],
    seen: ["canceled"],
    balance: -1500,
  },
  {
    name: "cancelled now without either takes pending prorations away",
    rule: "An immediate cancellation with invoice_now and prorate false removes pending prorations.",
    source: "Subscriptions.d.ts (cancel)",
    arithmetic: ["the pending −3333 and 5333 of 11 April are gone; nothing further is billed"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Seat", 1000), 5]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.change(started, { quantity: 8 });
      await scene.stripe.subscriptions.cancel(started.id);
      const pending = await scene.stripe.invoiceItems.list({ customer, pending: true });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer, seen: [pending.data.length] };
    },
    invoices: [
      plain("subscription_create", 5000, [line("period", 5, "1000", 5000, "2031-04-01", "2031-05-01")]),
    ],
    seen: [0],
  },
  {
    name: "cancelled at period end",
    rule: "The subscription stays active until the period ends, then ends without an invoice of its own.",
    source: "billing/subscriptions/cancel (at period end)",
    arithmetic: ["nothing beyond the first 2900"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      await scene.at("2031-04-16T00:00:00Z");
      await scene.stripe.subscriptions.update(started.id, { cancel_at_period_end: true });
      const before = await scene.status(started);
      await scene.at("2031-05-01T01:00:00Z");
      return { customer, seen: [before, await scene.status(started)] };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, "2031-04-01", "2031-05-01")]),
    ],
    seen: ["active", "canceled"],
  },
];
