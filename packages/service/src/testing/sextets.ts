import type { Driver, Sextet } from "./sextet-recorder.ts";

const completed = "checkout.session.completed";
const created = "customer.subscription.created";
const updated = "customer.subscription.updated";
const deleted = "customer.subscription.deleted";
const [drafted, finalized, paid, failed] = [
  "invoice.created",
  "invoice.finalized",
  "invoice.paid",
  "invoice.payment_failed",
];

const subscribed = (driver: Driver) => driver.checkout({ seats: 2 });

export const sextets: readonly Sextet[] = [
  {
    name: "a first purchase, and a seat more at once",
    act: async (driver) => {
      await driver.checkout({ seats: 2 });
      await driver.seats(3);
    },
    types: [completed, created, drafted, finalized, paid, updated],
  },
  {
    name: "a purchase after a checkout that expired",
    act: async (driver) => {
      await driver.expireCheckout();
      await driver.checkout({ seats: 1 });
    },
    types: ["checkout.session.expired", completed, created, drafted, finalized, paid],
  },
  {
    name: "an upgrade that is paid at once",
    before: subscribed,
    act: async (driver) => {
      await driver.plan("max", "always_invoice");
      await driver.rename();
      await driver.seats(4);
    },
    types: [updated, drafted, finalized, paid, "customer.updated", updated],
  },
  {
    name: "a downgrade at once, then seats down",
    before: (driver) => driver.checkout({ planId: "max", seats: 5 }),
    act: async (driver) => {
      await driver.plan("pro", "create_prorations");
      for (const seats of [4, 3, 2]) await driver.seats(seats);
      await driver.rename();
      await driver.seats(1);
    },
    types: [updated, updated, updated, updated, "customer.updated", updated],
  },
  {
    name: "a downgrade that waits for the end of the period, which comes",
    before: (driver) => driver.checkout({ planId: "max", seats: 2 }),
    act: async (driver) => {
      await driver.keep("max", "pro");
      await driver.advance("P1M");
      await driver.advance("PT2H");
      await driver.rename();
    },
    types: [updated, drafted, updated, finalized, paid, "customer.updated"],
  },
  {
    name: "seats up, and up again",
    before: subscribed,
    act: async (driver) => {
      for (const seats of [3, 4, 5, 6, 7, 8]) await driver.seats(seats);
    },
    types: [updated, updated, updated, updated, updated, updated],
  },
  {
    name: "seats up, down and back to where they were",
    before: subscribed,
    act: async (driver) => {
      for (const seats of [5, 1, 9, 3, 4, 2]) await driver.seats(seats);
    },
    types: [updated, updated, updated, updated, updated, updated],
  },
  {
    name: "a trial that starts",
    act: async (driver) => {
      await driver.checkout({ seats: 1, trialDays: 14 });
      await driver.seats(2);
    },
    types: [completed, created, drafted, finalized, paid, updated],
  },
  {
    name: "a trial that ends, paid",
    before: (driver) => driver.checkout({ seats: 1, trialDays: 14 }),
    act: async (driver) => {
      await driver.advance("P14D");
      await driver.advance("PT2H");
      await driver.seats(2);
    },
    types: ["customer.subscription.trial_will_end", drafted, updated, finalized, paid, updated],
  },
  {
    name: "a trial that is canceled before its end",
    before: (driver) => driver.checkout({ seats: 1, trialDays: 14 }),
    act: async (driver) => {
      await driver.seats(2);
      await driver.cancel("period_end");
      await driver.rename();
      await driver.seats(3);
      await driver.advance("P14D");
    },
    types: [updated, updated, "customer.updated", updated, "customer.subscription.trial_will_end", deleted],
  },
  {
    name: "a renewal",
    before: subscribed,
    act: async (driver) => {
      await driver.rename();
      await driver.advance("P1M");
      await driver.advance("PT2H");
      await driver.seats(5);
    },
    types: ["customer.updated", drafted, updated, finalized, paid, updated],
  },
  {
    name: "a renewal whose card is declined",
    before: subscribed,
    act: async (driver) => {
      await driver.card("pm_card_chargeCustomerFail");
      await driver.advance("P1M");
      await driver.advance("PT2H");
    },
    types: [updated, drafted, updated, finalized, failed, updated],
  },
  {
    name: "a declined card, and the payment that makes it good",
    before: subscribed,
    act: async (driver) => {
      await driver.card("pm_card_chargeCustomerFail");
      await driver.advance("P1M");
      await driver.advance("PT2H");
      await driver.card("pm_card_visa");
      await driver.payInvoice();
    },
    types: [drafted, finalized, failed, updated, updated, paid],
  },
  {
    name: "a declined card until Stripe gives up",
    before: subscribed,
    act: async (driver) => {
      await driver.card("pm_card_chargeCustomerFail");
      await driver.advance("P1M");
      await driver.advance("P30D");
    },
    types: [updated, drafted, failed, failed, failed, deleted],
  },
  {
    name: "a cancellation that is withdrawn, twice",
    before: subscribed,
    act: async (driver) => {
      await driver.cancel("period_end");
      await driver.resume();
      await driver.seats(3);
      await driver.cancel("period_end");
      await driver.rename();
      await driver.resume();
    },
    types: [updated, updated, updated, updated, "customer.updated", updated],
  },
  {
    name: "a cancellation that comes",
    before: subscribed,
    act: async (driver) => {
      await driver.seats(4);
      await driver.rename();
      await driver.seats(3);
      await driver.cancel("period_end");
      await driver.seats(1);
      await driver.advance("P1M");
    },
    types: [updated, "customer.updated", updated, updated, updated, deleted],
  },
  {
    name: "a cancellation at once",
    before: subscribed,
    act: async (driver) => {
      for (const seats of [3, 4, 5]) await driver.seats(seats);
      await driver.rename();
      await driver.cancel("now");
      await driver.rename();
    },
    types: [updated, updated, updated, "customer.updated", deleted, "customer.updated"],
  },
  {
    name: "a cancellation and a new subscription",
    before: subscribed,
    act: async (driver) => {
      await driver.cancel("now");
      await driver.advance("P3D");
      await driver.checkout({ planId: "max", seats: 1 });
    },
    types: [deleted, completed, created, drafted, finalized, paid],
  },
  {
    name: "a customer that is deleted",
    before: subscribed,
    act: async (driver) => {
      for (const seats of [3, 4]) await driver.seats(seats);
      await driver.rename();
      await driver.seats(6);
      await driver.deleteCustomer();
    },
    types: [updated, updated, "customer.updated", updated, deleted, "customer.deleted"],
  },
  {
    name: "a price that nobody knows, put right again",
    before: subscribed,
    act: async (driver) => {
      await driver.seats(3);
      await driver.strangePrice();
      await driver.seats(4);
      await driver.rename();
      await driver.plan("pro", "none");
      await driver.seats(5);
    },
    types: [updated, updated, updated, "customer.updated", updated, updated],
  },
  {
    name: "a pause, and a resumption that is paid at once",
    before: subscribed,
    act: async (driver) => {
      await driver.pause();
      await driver.advance("P3D");
      await driver.unpause();
    },
    types: [updated, "customer.subscription.paused", updated, "customer.subscription.resumed", drafted, paid],
  },
  {
    name: "an upgrade that waits until another card pays for it",
    before: subscribed,
    act: async (driver) => {
      await driver.card("pm_card_chargeCustomerFail");
      await driver.planWhenPaid("max");
      await driver.card("pm_card_visa");
      await driver.payInvoice();
    },
    types: [updated, drafted, failed, paid, updated, "customer.subscription.pending_update_applied"],
  },
  {
    name: "an upgrade by a schedule, whose phase begins",
    before: subscribed,
    act: async (driver) => {
      await driver.schedule("max");
      await driver.advance("P1M");
      await driver.advance("PT2H");
    },
    types: [
      "subscription_schedule.created",
      updated,
      "subscription_schedule.updated",
      drafted,
      updated,
      paid,
    ],
  },
];

declare module "vitest" {
  interface ProvidedContext {
    /** How many of the 720 orders of each sextet of events are tried. */
    eventOrders: number;
  }
}
