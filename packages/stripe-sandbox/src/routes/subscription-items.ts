import type Stripe from "stripe";
import type { ItemChange } from "../billing/items.ts";
import { changeSubscription } from "../billing/subscription-change.ts";
import { type Books, get } from "../books.ts";
import { invalid, missing } from "../failures.ts";
import { pageInside } from "../lists.ts";
import {
  choice,
  count,
  except,
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
import { prorationBehavior } from "./subscription-parameters.ts";

const proration = {
  payment_behavior: except(
    choice("allow_incomplete", "error_if_incomplete"),
    "default_incomplete",
    "pending_if_incomplete",
  ),
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
  tax_rates: refused,
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
  payment_behavior?: string | undefined;
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
  if (["canceled", "incomplete_expired"].includes(subscription.status)) {
    throw invalid(`The subscription ${subscription.id} has ended.`, "resource_missing", "subscription");
  }
  return changeSubscription(books, subscription, {
    fields: {},
    items: [change],
    proration: input.proration_behavior ?? "create_prorations",
    at: input.proration_date ?? books.now,
    restart: false,
    errorIfUnpaid: input.payment_behavior === "error_if_incomplete",
  });
}

export const subscriptionItems = [
  route("POST", "/v1/subscription_items", createTable, ({ books, input }) => {
    const subscription = get(books, "subscription", input.subscription, "subscription");
    const { price, quantity, metadata: given } = input;
    const after = apply(books, subscription, { price, quantity, metadata: given }, input);
    const item = after.items.data.at(-1);
    if (!item) throw missing("subscription_item", price);
    return item;
  }),
  route("GET", "/v1/subscription_items", listTable, ({ books, input, path }) => {
    const subscription = get(books, "subscription", input.subscription, "subscription");
    return pageInside(books, path, input, subscription.items.data);
  }),
  route("GET", "/v1/subscription_items/{id}", { expand }, ({ books, id }) => ownerOf(books, id).item),
  route("POST", "/v1/subscription_items/{id}", updateTable, ({ books, input, id }) => {
    const { price, quantity, metadata: given } = input;
    apply(books, ownerOf(books, id).subscription, { id, price, quantity, metadata: given }, input);
    return ownerOf(books, id).item;
  }),
  route("DELETE", "/v1/subscription_items/{id}", deleteTable, ({ books, input, id }) => {
    apply(books, ownerOf(books, id).subscription, { id, deleted: true }, input);
    return { id, object: "subscription_item", deleted: true };
  }),
];
