import { monthly, payingCustomer } from "../workbench.ts";
import type { Tour } from "./tour.ts";

/** Pauses and resumptions, collection that is paused, and changes that wait for their payment. */
export async function pausesAndPendingUpdates({ stripe, bench }: Tour): Promise<void> {
  const { subscriptions } = stripe;
  const customer = (await payingCustomer(stripe)).id;
  const [small, big] = [await monthly(stripe, 3000, "Small"), await monthly(stripe, 9000, "Big")];
  const { id, items } = await subscriptions.create({ customer, items: [{ price: small.id }] });
  await bench.advance({ by: "3d" });
  await subscriptions.pause(id, { type: "subscription", invoicing_behavior: "invoice" });
  await subscriptions.resume(id, { payment_behavior: "resume_on_payment_success" });
  await subscriptions.update(id, { pause_collection: { behavior: "mark_uncollectible" } });
  await bench.advance({ by: "32d" });
  await subscriptions.update(id, { pause_collection: "" });
  await stripe.paymentMethods
    .attach("pm_card_chargeCustomerFail", { customer })
    .then((method) =>
      stripe.customers.update(customer, { invoice_settings: { default_payment_method: method.id } }),
    );
  const change = {
    items: [{ id: String(items.data[0]?.id), price: big.id }],
    payment_behavior: "pending_if_incomplete" as const,
    proration_behavior: "always_invoice" as const,
  };
  const first = await subscriptions.update(id, change);
  await stripe.invoices.pay(String(first.latest_invoice), { payment_method: "pm_card_visa" });
  await subscriptions.update(id, { ...change, items: [{ ...change.items[0], quantity: 3 }] });
  await bench.advance({ by: "1d" });
}
