import { type GoldenCase, line, plain } from "./scene.ts";

const april = "2031-04-01T00:00:00Z";
const first = "2031-04-01";
const may = "2031-05-01";
const june = "2031-06-01";
const july = "2031-07-01";
const pausing = "billing/subscriptions/pause";

/** Pauses, resumptions, and changes that wait for their payment. */
export const lifecycles: GoldenCase[] = [
  {
    name: "paused after a third, resumed with a new cycle",
    rule: "A pause credits the unused time as a pending item. A resumption with billing_cycle_anchor=now starts a period, makes no prorations and sweeps up what is pending.",
    source: `${pausing}, Subscriptions.d.ts (pause, resume)`,
    arithmetic: ["−3000 × 20/30 = −2000", "new period 3000", "together 1000"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const { id } = await scene.subscribe(customer, [[await scene.price("Pro", 3000), 1]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.stripe.subscriptions.pause(id);
      await scene.at("2031-06-11T00:00:00Z");
      await scene.stripe.subscriptions.resume(id, { payment_behavior: "resume_on_payment_success" });
      return { customer };
    },
    invoices: [
      plain("subscription_create", 3000, [line("period", 1, "3000", 3000, first, may)]),
      plain("subscription_update", 1000, [
        line("unused", 1, null, -2000, "2031-04-11", may),
        line("period", 1, "3000", 3000, "2031-06-11", "2031-07-11"),
      ]),
    ],
  },
  {
    name: "paused and resumed within a period, in its old cycle, invoiced at once",
    rule: "billing_cycle_anchor=unchanged goes on in the period that surrounds now; always_invoice bills the rest of it at once, with the credit of the pause.",
    source: `${pausing}, Subscriptions.d.ts (resume)`,
    arithmetic: ["−3000 × 20/30 = −2000", "3000 × 10/30 = 1000", "together −1000: a credit balance"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const { id } = await scene.subscribe(customer, [[await scene.price("Pro", 3000), 1]]);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.stripe.subscriptions.pause(id);
      await scene.at("2031-04-21T00:00:00Z");
      const billing_cycle_anchor = { type: "unchanged" } as const;
      const resumed = await scene.stripe.subscriptions.resume(id, {
        billing_cycle_anchor,
        proration_behavior: "always_invoice",
      });
      return { customer, seen: [resumed.status] };
    },
    seen: ["active"],
    invoices: [
      plain("subscription_create", 3000, [line("period", 1, "3000", 3000, first, may)]),
      {
        ...plain("subscription_update", -1000, [
          line("unused", 1, null, -2000, "2031-04-11", may),
          line("remaining", 1, null, 1000, "2031-04-21", may),
        ]),
        due: 0,
      },
    ],
    balance: -1000,
  },
  {
    name: "a pending update that expires leaves the old price to renew",
    rule: "Until its invoice is paid the subscription goes on as if nothing had been asked; after 23 hours the invoice is void and the change discarded.",
    source: "billing/subscriptions/pending-updates",
    arithmetic: ["−3000 × 20/30 + 9000 × 20/30 = 4000, void", "renewal 3000"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Small", 3000), 1]]);
      const price = await scene.price("Big", 9000);
      await scene.at("2031-04-11T00:00:00Z");
      await scene.card(customer, "pm_card_chargeCustomerFail");
      await scene.change(
        started,
        { price },
        { payment_behavior: "pending_if_incomplete", proration_behavior: "always_invoice" },
      );
      await scene.at("2031-04-12T00:00:00Z");
      await scene.card(customer, "pm_card_visa");
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 3000, [line("period", 1, "3000", 3000, first, may)]),
      {
        ...plain("subscription_update", 4000, [
          line("unused", 1, null, -2000, "2031-04-11", may),
          line("remaining", 1, null, 6000, "2031-04-11", may),
        ]),
        status: "void",
      },
      plain("subscription_cycle", 3000, [line("period", 1, "3000", 3000, may, june)]),
    ],
  },
  {
    name: "a schedule moves to a dearer price at a renewal, and to a cheaper one within a period",
    rule: "A phase that begins with a period changes the items before it is billed: nothing is prorated. One that begins within a period prorates by its own proration_behavior.",
    source: "billing/subscriptions/subscription-schedules, SubscriptionSchedules.d.ts (phases)",
    arithmetic: [
      "April 3000; May 9000, no prorations",
      "on 11 June (20 of 30 days left): −9000 × 20/30 + 3000 × 20/30 = −4000 at once, a credit balance",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const [small, big] = [await scene.price("Small", 3000), await scene.price("Big", 9000)];
      const { id } = await scene.subscribe(customer, [[small, 1]]);
      const { subscriptionSchedules } = scene.stripe;
      const schedule = await subscriptionSchedules.create({ from_subscription: id });
      const eleventh = Date.parse("2031-06-11T00:00:00Z") / 1000;
      await subscriptionSchedules.update(schedule.id, {
        phases: [
          {
            start_date: Date.parse(april) / 1000,
            duration: { interval: "month" },
            items: [{ price: small }],
          },
          { end_date: eleventh, items: [{ price: big }] },
          { items: [{ price: small }], proration_behavior: "always_invoice" },
        ],
      });
      await scene.at("2031-06-11T00:00:00Z");
      return { customer };
    },
    invoices: [
      plain("subscription_create", 3000, [line("period", 1, "3000", 3000, first, may)]),
      plain("subscription_cycle", 9000, [line("period", 1, "9000", 9000, may, june)]),
      plain("subscription_cycle", 9000, [line("period", 1, "9000", 9000, june, july)]),
      {
        ...plain("subscription_update", -4000, [
          line("unused", 1, null, -6000, "2031-06-11", july),
          line("remaining", 1, null, 2000, "2031-06-11", july),
        ]),
        due: 0,
      },
    ],
    balance: -4000,
  },
];
