import { type ExpectedInvoice, type GoldenCase, line, plain } from "./scene.ts";

const april = "2031-04-01T00:00:00Z";
const first = "2031-04-01";
const may = "2031-05-01";
const june = "2031-06-01";
const july = "2031-07-01";

/** An invoice of one line of a period, less a discount. */
function discounted(
  reason: string,
  amount: number,
  discount: number,
  start: string,
  end: string,
): ExpectedInvoice {
  const total = amount - discount;
  const lines = [line("period", 1, String(amount), amount, start, end)];
  return { reason, lines, subtotal: amount, discount, tax: 0, total, due: total, status: "paid" };
}

/** Percentages and amounts off. */
export const coupons: GoldenCase[] = [
  {
    name: "a percentage, once",
    rule: "A coupon of duration once discounts the first invoice only; the share of a line is rounded to the minor unit.",
    source: "billing/subscriptions/coupons, Coupons.d.ts",
    arithmetic: ["2990 × 25 % = 747.5 → 748; 2990 − 748 = 2242", "renewal 2990"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const coupon = await scene.stripe.coupons.create({ percent_off: 25, duration: "once" });
      const pro = await scene.price("Pro", 2990);
      await scene.subscribe(customer, [[pro, 1]], { discounts: [{ coupon: coupon.id }] });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      discounted("subscription_create", 2990, 748, first, may),
      plain("subscription_cycle", 2990, [line("period", 1, "2990", 2990, may, june)]),
    ],
  },
  {
    name: "a percentage for two months",
    rule: "A repeating coupon discounts the invoices of its months, counted from when it was applied.",
    source: "billing/subscriptions/coupons, Coupons.d.ts (duration_in_months), Discounts.d.ts (end)",
    arithmetic: ["2900 × 10 % = 290 on 1 April and 1 May", "it ends on 1 June: 2900"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const coupon = await scene.stripe.coupons.create({
        percent_off: 10,
        duration: "repeating",
        duration_in_months: 2,
      });
      const pro = await scene.price("Pro", 2900);
      await scene.subscribe(customer, [[pro, 1]], { discounts: [{ coupon: coupon.id }] });
      await scene.at("2031-06-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      discounted("subscription_create", 2900, 290, first, may),
      discounted("subscription_cycle", 2900, 290, may, june),
      plain("subscription_cycle", 2900, [line("period", 1, "2900", 2900, june, july)]),
    ],
  },
  {
    name: "a percentage for ever, on two items",
    rule: "A percentage is taken off every discountable line.",
    source: "billing/subscriptions/coupons",
    arithmetic: ["2900 × 20 % = 580, 3 × 1000 × 20 % = 600; 5900 − 1180 = 4720, each month"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const coupon = await scene.stripe.coupons.create({ percent_off: 20, duration: "forever" });
      const pro = await scene.price("Pro", 2900);
      const seat = await scene.price("Seat", 1000);
      const discounts = [{ coupon: coupon.id }];
      await scene.subscribe(
        customer,
        [
          [pro, 1],
          [seat, 3],
        ],
        { discounts },
      );
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      {
        ...plain("subscription_create", 5900, [
          line("period", 1, "2900", 2900, first, may),
          line("period", 3, "1000", 3000, first, may),
        ]),
        discount: 1180,
        total: 4720,
        due: 4720,
      },
      {
        ...plain("subscription_cycle", 5900, [
          line("period", 1, "2900", 2900, may, june),
          line("period", 3, "1000", 3000, may, june),
        ]),
        discount: 1180,
        total: 4720,
        due: 4720,
      },
    ],
  },
  {
    name: "an amount off, once, over two lines",
    rule: "An amount off is taken from the invoice's subtotal, spread over its lines in proportion.",
    source: "billing/subscriptions/coupons, Coupons.d.ts (create)",
    arithmetic: [
      "4900 − 1000 = 3900",
      "of it 1000 × 2900/4900 = 591.84 → 592 on the plan, 1000 × 2000/4900 = 408.16 → 408 on the seats",
    ],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const off = { amount_off: 1000, currency: "usd", duration: "once" } as const;
      const coupon = await scene.stripe.coupons.create(off);
      const pro = await scene.price("Pro", 2900);
      const seat = await scene.price("Seat", 1000);
      const discounts = [{ coupon: coupon.id }];
      const started = await scene.subscribe(
        customer,
        [
          [pro, 1],
          [seat, 2],
        ],
        { discounts },
      );
      const invoice = await scene.stripe.invoices.retrieve(String(started.latest_invoice));
      const parts = invoice.lines.data.map((entry) => entry.discount_amounts?.[0]?.amount);
      return { customer, seen: parts };
    },
    invoices: [
      {
        ...plain("subscription_create", 4900, [
          line("period", 1, "2900", 2900, first, may),
          line("period", 2, "1000", 2000, first, may),
        ]),
        discount: 1000,
        total: 3900,
        due: 3900,
      },
    ],
    seen: [592, 408],
  },
  {
    name: "an amount off that is more than the invoice",
    rule: "An amount off takes an invoice to zero, not below.",
    source: "Coupons.d.ts (create: 100 less 200 is 0)",
    arithmetic: ["2900 − 5000 → 0"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const off = { amount_off: 5000, currency: "usd", duration: "once" } as const;
      const coupon = await scene.stripe.coupons.create(off);
      const pro = await scene.price("Pro", 2900);
      await scene.subscribe(customer, [[pro, 1]], { discounts: [{ coupon: coupon.id }] });
      return { customer };
    },
    invoices: [discounted("subscription_create", 2900, 2900, first, may)],
  },
  {
    name: "a negative item is not discounted",
    rule: "Negative invoice items and prorations are not discountable by default, all others are.",
    source: "InvoiceItems.d.ts (discountable)",
    arithmetic: ["renewal: 2900 × 10 % = 290, item 1000 × 10 % = 100, item −500 not", "3400 − 390 = 3010"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const coupon = await scene.stripe.coupons.create({ percent_off: 10, duration: "forever" });
      const pro = await scene.price("Pro", 2900);
      const discounts = [{ coupon: coupon.id }];
      const started = await scene.subscribe(customer, [[pro, 1]], { discounts });
      await scene.at("2031-05-01T00:00:00Z");
      const invoice = await scene.latestInvoice(started);
      await scene.stripe.invoiceItems.create({ customer, invoice, amount: -500 });
      await scene.stripe.invoiceItems.create({ customer, invoice, amount: 1000 });
      await scene.at("2031-05-01T01:00:00Z");
      return { customer };
    },
    invoices: [
      discounted("subscription_create", 2900, 290, first, may),
      {
        ...plain("subscription_cycle", 3400, [
          line("item", 1, null, 1000, may, may),
          line("item", 1, null, -500, may, may),
          line("period", 1, "2900", 2900, may, june),
        ]),
        discount: 390,
        total: 3010,
        due: 3010,
      },
    ],
  },
  {
    name: "a promotion code through Checkout",
    rule: "A customer's code redeems its coupon: the session's total and the first invoice are less by it.",
    source: "payments/checkout/discounts, billing/subscriptions/coupons (promotion codes)",
    arithmetic: ["2900 × 20 % = 580; 2900 − 580 = 2320", "the coupon is for once: renewal 2900"],
    begins: april,
    script: async (scene) => {
      const customer = await scene.customer();
      const pro = await scene.price("Pro", 2900);
      const coupon = await scene.stripe.coupons.create({ percent_off: 20, duration: "once" });
      await scene.stripe.promotionCodes.create({
        promotion: { type: "coupon", coupon: coupon.id },
        code: "SPRING20",
      });
      const session = await scene.stripe.checkout.sessions.create({
        mode: "subscription",
        customer,
        line_items: [{ price: pro, quantity: 1 }],
        allow_promotion_codes: true,
        success_url: "https://app.example.com/done",
      });
      await scene.control(`/_sandbox/checkout/${session.id}/complete`, { promotionCode: "spring20" });
      const paid = await scene.stripe.checkout.sessions.retrieve(session.id);
      await scene.at("2031-05-01T01:00:00Z");
      return {
        customer,
        seen: [paid.amount_subtotal, paid.amount_total, paid.total_details?.amount_discount],
      };
    },
    invoices: [
      discounted("subscription_create", 2900, 580, first, may),
      plain("subscription_cycle", 2900, [line("period", 1, "2900", 2900, may, june)]),
    ],
    seen: [2900, 2320, 580],
  },
];
