import { type GoldenCase, line, plain } from "./scene.ts";

const april = "2031-04-01T00:00:00Z";
const first = "2031-04-01";
const may = "2031-05-01";
const june = "2031-06-01";
const july = "2031-07-01";

/** Balances, failures and invoices that are sent. */
export const collections: GoldenCase[] = [
  {
    name: "a credit balance pays a part",
    rule: "A negative customer balance is credit: it is applied when an invoice is finalized.",
    source: "billing/customer/balance",
    arithmetic: ["2900 − 1000 = 1900 due", "the renewal has no credit left: 2900"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      await scene.stripe.customers.update(customer, { balance: -1000 });
      await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      { ...plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]), due: 1900 },
      plain("subscription_cycle", 2900, [line("period", 1, "2900", 2900, may, june)]),
    ],
  },
  {
    name: "past due and recovered",
    rule: "A renewal that cannot be charged makes the subscription past_due; paying its latest open invoice makes it active.",
    source: "billing/subscriptions/overview (statuses), billing/collection-method",
    arithmetic: ["2900 on 1 May, declined at 01:00, paid on 2 May; 2900 on 1 June as usual"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const started = await scene.subscribe(customer, [[await scene.price("Pro", 2900), 1]]);
      await scene.card(customer, "pm_card_chargeCustomerFail");
      await scene.at("2031-05-01T01:00:00Z");
      const late = await scene.status(started);
      await scene.at("2031-05-02T00:00:00Z");
      await scene.card(customer, "pm_card_visa");
      await scene.stripe.invoices.pay(await scene.latestInvoice(started));
      const recovered = await scene.status(started);
      await scene.at("2031-06-01T01:00:00Z");
      return { customer, seen: [late, recovered] };
    },
    invoices: [
      plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)]),
      plain("subscription_cycle", 2900, [line("period", 1, "2900", 2900, may, june)]),
      plain("subscription_cycle", 2900, [line("period", 1, "2900", 2900, june, july)]),
    ],
    seen: ["past_due", "active"],
  },
  {
    name: "sent with fourteen days to pay",
    rule: "With send_invoice the subscription is active from the start, its invoice is due after days_until_due, and is past_due when it is not paid by then.",
    source: "billing/collection-method, Subscriptions.d.ts (collection_method, status)",
    arithmetic: ["2900, finalized on 1 April, due on 15 April, paid on 16 April"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 2900);
      const terms = { collection_method: "send_invoice", days_until_due: 14 } as const;
      const started = await scene.subscribe(customer, [[pro, 1]], terms);
      const invoice = await scene.latestInvoice(started);
      const sent = await scene.stripe.invoices.retrieve(invoice);
      await scene.at("2031-04-15T00:00:00Z");
      const late = await scene.status(started);
      await scene.at("2031-04-16T00:00:00Z");
      await scene.stripe.invoices.pay(invoice, { paid_out_of_band: true });
      const due = new Date((sent.due_date ?? 0) * 1000).toISOString();
      return { customer, seen: [started.status, sent.status, due, late, await scene.status(started)] };
    },
    invoices: [plain("subscription_create", 2900, [line("period", 1, "2900", 2900, first, may)])],
    seen: ["active", "open", "2031-04-15T00:00:00.000Z", "past_due", "active"],
  },
];
