import type Stripe from "stripe";
import type { ItemChange } from "../billing/items.ts";
import { changeSubscription, type PaymentBehavior } from "../billing/subscription-change.ts";
import { type Books, get } from "../books.ts";
import { invalid, missing } from "../failures.ts";
import { pageInside } from "../lists.ts";
import {
  count,
  expand,
  ignored,
  integer,
  metadata,
  paging,
  parameters,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import type { Subscription, SubscriptionItem } from "../wire.ts";
import { assertPendable } from "./pending-parameters.ts";
import { paymentBehavior, prorationBehavior } from "./subscription-parameters.ts";
import { prorationDate } from "./subscription-update.ts";
import { taxRateIds } from "./terms-parameters.ts";

const proration = {
  payment_behavior: paymentBehavior,
  proration_behavior: prorationBehavior,
  proration_date: integer,
};
const shared = {
  ...proration,
  billing_thresholds: refused,
  current_trial: refused,
  discounts: refused,
  expand,
  plan: refused,
  price_data: refused,
  quantity: count,
  tax_rates: taxRateIds,
};
const createTable = parameters<Stripe.SubscriptionItemCreateParams>()({
  ...shared,
  metadata,
  price: required(text),
  subscription: required(text),
});
const updateTable = parameters<Stripe.SubscriptionItemUpdateParams>()({
  ...shared,
  metadata,
  off_session: ignored,
  price: text,
});
const deleteTable = parameters<Stripe.SubscriptionItemDeleteParams>()({ ...proration, clear_usage: refused });
const listTable = parameters<Stripe.SubscriptionItemListParams>()({
  ...paging,
  subscription: required(text),
});

type Behavior = {
  proration_behavior?: "create_prorations" | "always_invoice" | "none" | undefined;
  proration_date?: number | undefined;
  payment_behavior?: PaymentBehavior | undefined;
};

function ownerOf(books: Books, id: string): { subscription: Subscription; item: SubscriptionItem } {
  const row = books.database.one<{ id: string }>(
    `select object.id from object, json_each(object.body, '$.items.data') item
     where kind = 'subscription' and item.value ->> '$.id' = ?`,
    id,
  );
  const subscription = row && books.store.find("subscription", row.id);
  const item = subscription?.items.data.find((candidate) => candidate.id === id);
  if (!subscription || !item) throw missing("subscription_item", id);
  return { subscription, item };
}

function apply(books: Books, subscription: Subscription, change: ItemChange, input: Behavior): Subscription {
  assertPendable(subscription, input.payment_behavior, {}, [change]);
  if (["canceled", "incomplete_expired"].includes(subscription.status)) {
    throw invalid(`The subscription ${subscription.id} has ended.`, "resource_missing", "subscription");
  }
  return changeSubscription(books, subscription, {
    fields: {},
    items: [change],
    proration: input.proration_behavior ?? "create_prorations",
    at: prorationDate(subscription, input.proration_date ?? books.now),
    restart: false,
    payment: input.payment_behavior ?? "allow_incomplete",
  });
}

export const subscriptionItems = [
  route("POST", "/v1/subscription_items", createTable, ({ books, input }) => {
    const subscription = get(books, "subscription", input.subscription, "subscription");
    const { price, quantity, metadata: given, tax_rates } = input;
    const after = apply(books, subscription, { price, quantity, metadata: given, tax_rates }, input);
    // One that waits for its payment is not an item of the subscription yet.
    const item = (after.pending_update?.subscription_items ?? after.items.data).at(-1);
    if (!item) throw missing("subscription_item", price);
    return item;
  }),
  route("GET", "/v1/subscription_items", listTable, ({ books, input, path }) => {
    const subscription = get(books, "subscription", input.subscription, "subscription");
    return pageInside(books, path, input, subscription.items.data);
  }),
  route("GET", "/v1/subscription_items/{id}", { expand }, ({ books, id }) => ownerOf(books, id).item),
  route("POST", "/v1/subscription_items/{id}", updateTable, ({ books, input, id }) => {
    const { price, quantity, metadata: given, tax_rates } = input;
    const { subscription } = ownerOf(books, id);
    apply(books, subscription, { id, price, quantity, metadata: given, tax_rates }, input);
    return ownerOf(books, id).item;
  }),
  route("DELETE", "/v1/subscription_items/{id}", deleteTable, ({ books, input, id }) => {
    apply(books, ownerOf(books, id).subscription, { id, deleted: true }, input);
    return { id, object: "subscription_item", deleted: true };
  }),
];
