import { monthly, payingCustomer } from "../workbench.ts";
import type { Tour } from "./tour-guide.ts";

/** Coupons, codes, discounts, taxes by hand and automatic, invoices that are sent, and what the portal does. */
export async function discountsAndTaxes({ stripe, bench }: Tour): Promise<void> {
  const { coupons, promotionCodes, taxRates } = stripe;
  const price = await monthly(stripe, 3000, "Discounted");
  const coupon = await coupons.create({
    percent_off: 12.5,
    duration: "repeating",
    duration_in_months: 2,
    name: "Spring",
    max_redemptions: 9,
    applies_to: { products: [String(price.product)] },
  });
  const off = await coupons.create({ amount_off: 500, currency: "usd", duration: "once" });
  await coupons.update(coupon.id, { metadata: { a: "1" } });
  await coupons.retrieve(coupon.id);
  await coupons.list();
  const promotion = { type: "coupon" as const, coupon: coupon.id };
  const code = await promotionCodes.create({ promotion, code: "SPRING" });
  await promotionCodes.update(code.id, { metadata: { a: "1" } });
  await promotionCodes.retrieve(code.id, { expand: ["promotion.coupon"] });
  await promotionCodes.list({ active: true });
  const rate = await taxRates.create({
    display_name: "VAT",
    percentage: 19,
    inclusive: false,
    country: "DE",
  });
  const inside = await taxRates.create({ display_name: "VAT", percentage: 7, inclusive: true, active: true });
  await taxRates.update(rate.id, { description: "of Germany" });
  await taxRates.retrieve(rate.id);
  await taxRates.list({ active: true });
  const customer = (await payingCustomer(stripe)).id;
  const { id, items } = await stripe.subscriptions.create({
    customer,
    items: [{ price: price.id, quantity: 2, tax_rates: [inside.id] }],
    discounts: [{ promotion_code: code.id }, { coupon: off.id }],
    default_tax_rates: [rate.id],
    expand: ["discounts"],
  });
  const change = { id: String(items.data[0]?.id), quantity: 3 };
  await stripe.subscriptions.update(id, { items: [change], proration_behavior: "always_invoice" });
  await stripe.invoices.list({
    customer,
    expand: ["data.discounts", "data.total_discount_amounts.discount"],
  });
  await stripe.subscriptions.deleteDiscount(id);
  await coupons.del(off.id);
  await sentInvoices({ stripe, bench }, customer, rate.id);
  await automaticTax({ stripe, bench }, price.id);
  await portalActions({ stripe, bench }, customer, id);
}

async function sentInvoices({ stripe, bench }: Tour, customer: string, rate: string): Promise<void> {
  const terms = { collection_method: "send_invoice" as const, days_until_due: 3, default_tax_rates: [rate] };
  const draft = await stripe.invoices.create({ customer, currency: "usd", ...terms });
  await stripe.invoiceItems.create({ customer, invoice: draft.id, amount: 700, tax_rates: [rate] });
  await stripe.invoices.sendInvoice(draft.id);
  await bench.advance({ by: "4d" });
  await stripe.invoices.markUncollectible(draft.id);
}

async function automaticTax({ stripe, bench }: Tour, price: string): Promise<void> {
  await bench.control("/_sandbox/tax", { percentages: { DE: 19 } });
  const session = await stripe.checkout.sessions.create({
    mode: "subscription",
    customer_email: "tax@example.com",
    line_items: [{ price, quantity: 1 }],
    automatic_tax: { enabled: true },
    tax_id_collection: { enabled: true },
    allow_promotion_codes: true,
    success_url: "https://example.com/done",
  });
  const taxId = { type: "eu_vat", value: "DE123456789" };
  const filled = { country: "DE", name: "Ada GmbH", taxId, promotionCode: "spring" };
  await bench.control(`/_sandbox/checkout/${session.id}/complete`, filled);
  await stripe.checkout.sessions.retrieve(session.id, {
    expand: ["line_items", "subscription.latest_invoice"],
  });
}

async function portalActions({ stripe, bench }: Tour, customer: string, subscription: string): Promise<void> {
  const session = await stripe.billingPortal.sessions.create({ customer });
  for (const verb of ["cancel", "resume", "card"]) {
    await bench.control(`/_sandbox/portal/${session.id}/${verb}`, { subscription });
  }
}
