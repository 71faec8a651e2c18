import type Stripe from "stripe";
import { expect, test } from "vitest";
import { openScene, type Scene } from "./testing/golden/scene.ts";

/*
 * A preview is worth something only when the change then costs exactly that: every case is previewed, then made, and
 * the invoice that came of it (at once, or at the renewal) is compared line by line with the preview.
 */
type Items = NonNullable<Stripe.SubscriptionUpdateParams["items"]>;
interface Change {
  name: string;
  items: (parts: { plan: string; seats: string; addon: string; year: string }) => Items;
  proration?: "create_prorations" | "always_invoice" | "none";
}

const changes: Change[] = [
  { name: "more seats", items: ({ seats }) => [{ id: seats, quantity: 11 }] },
  {
    name: "more seats at once",
    items: ({ seats }) => [{ id: seats, quantity: 11 }],
    proration: "always_invoice",
  },
  {
    name: "fewer seats at once",
    items: ({ seats }) => [{ id: seats, quantity: 2 }],
    proration: "always_invoice",
  },
  { name: "no seats", items: ({ seats }) => [{ id: seats, quantity: 0 }] },
  { name: "seats taken off", items: ({ seats }) => [{ id: seats, deleted: true }] },
  { name: "an add-on", items: ({ addon }) => [{ price: addon, quantity: 3 }], proration: "always_invoice" },
  { name: "an add-on without prorations", items: ({ addon }) => [{ price: addon }], proration: "none" },
  {
    name: "another plan and other seats",
    items: ({ plan, seats, addon }) => [
      { id: plan, price: addon, quantity: 2 },
      { id: seats, quantity: 9 },
    ],
  },
  {
    name: "a year",
    items: ({ plan, seats, year }) => [
      { id: plan, price: year, quantity: 1 },
      { id: seats, deleted: true },
    ],
  },
];

async function begun(scene: Scene) {
  const { stripe } = scene;
  const customer = await scene.customer();
  const coupon = await stripe.coupons.create({ percent_off: 15, duration: "forever" });
  const rate = await stripe.taxRates.create({ display_name: "VAT", percentage: 19, inclusive: false });
  const started = await scene.subscribe(
    customer,
    [
      [await scene.price("Pro", 2999), 1],
      [await scene.price("Seat", "333.3"), 7],
    ],
    { discounts: [{ coupon: coupon.id }], default_tax_rates: [rate.id] },
  );
  const [plan, seats] = started.items.data.map(({ id }) => id);
  const addon = await scene.price("Add-on", 777);
  const year = await scene.price("Pro, yearly", 29_999, { interval: "year" });
  return { started, parts: { plan: String(plan), seats: String(seats), addon, year } };
}

const figures = (invoice: Stripe.Invoice) => ({
  lines: invoice.lines.data.map(({ amount, description, period, taxes, discount_amounts }) => ({
    amount,
    description,
    period,
    taxes: taxes?.map((tax) => tax.amount),
    discounts: discount_amounts?.map((discount) => discount.amount),
  })),
  subtotal: invoice.subtotal,
  total: invoice.total,
  due: invoice.amount_due,
});

test.each(changes)("$name: the preview is what it then costs", async ({ items, proration }) => {
  const scene = await openScene("2031-04-01T00:00:00Z");
  try {
    const { started, parts } = await begun(scene);
    await scene.at("2031-04-12T07:13:21Z");
    const change = { items: items(parts), proration_behavior: proration ?? "create_prorations" } as const;
    const preview = await scene.stripe.invoices.createPreview({
      subscription: started.id,
      subscription_details: change,
    });
    const updated = await scene.stripe.subscriptions.update(started.id, change);
    if (updated.latest_invoice === started.latest_invoice) await scene.at("2031-05-01T00:00:00Z");
    const invoice = await scene.stripe.invoices.retrieve(await scene.latestInvoice(started));
    expect(figures(preview)).toEqual(figures(invoice));
    expect(preview.lines.data.length).toBeGreaterThan(0);
  } finally {
    await scene.close();
  }
});

test("a planned end leaves nothing to preview but what is pending", async () => {
  const scene = await openScene("2031-04-01T00:00:00Z");
  try {
    const { started, parts } = await begun(scene);
    const ending = { subscription: started.id, subscription_details: { cancel_at_period_end: true } };
    const none = scene.stripe.invoices.createPreview(ending);
    await expect(none).rejects.toMatchObject({ code: "invoice_upcoming_none" });
    await scene.at("2031-04-16T00:00:00Z");
    await scene.change(started, {});
    await scene.stripe.subscriptions.update(started.id, { items: [{ id: parts.seats, quantity: 9 }] });
    const preview = await scene.stripe.invoices.createPreview(ending);
    expect(preview.lines.data.map(({ parent }) => parent?.invoice_item_details?.proration)).toEqual([
      true,
      true,
    ]);
  } finally {
    await scene.close();
  }
});
