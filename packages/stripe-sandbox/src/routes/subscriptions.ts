import type Stripe from "stripe";
import { cancelNow } from "../billing/cancel-now.ts";
import { planEnd } from "../billing/cancellation-plans.ts";
import { assertCurrency } from "../billing/currencies.ts";
import { dropDiscounts } from "../billing/discounts.ts";
import { patched } from "../billing/items.ts";
import { pauseSubscription, resumeSubscription } from "../billing/pausing.ts";
import { methodFor } from "../billing/payment-methods.ts";
import { startSubscription } from "../billing/subscription-start.ts";
import { assertTaxLocation } from "../billing/taxes.ts";
import { type Books, get, save } from "../books.ts";
import { invalid, missing } from "../failures.ts";
import { among, pageOf, within } from "../lists.ts";
import { expand, parameters } from "../parameters.ts";
import { route } from "../routes.ts";
import type { PageQuery } from "../store.ts";
import type { Subscription } from "../wire.ts";
import { pauseTable, resumeTable } from "./pause-parameters.ts";
import {
  cancelTable,
  createTable,
  daysUntilDue,
  listTable,
  trialEndOf,
  updateTable,
} from "./subscription-parameters.ts";
import { assertWholePeriods, updateSubscription } from "./subscription-update.ts";

const status = "body ->> '$.status'";

/** Without a status the list leaves out canceled ones; `ended` is canceled or expired; `all` is all. */
function statusFilter(wanted: string | undefined): NonNullable<PageQuery["where"]> {
  if (wanted === undefined) return [{ sql: `${status} <> 'canceled'`, values: [] }];
  if (wanted === "all") return [];
  return among(status, wanted === "ended" ? ["canceled", "incomplete_expired"] : [wanted]);
}

function priceFilter(price: string | undefined): NonNullable<PageQuery["where"]> {
  if (price === undefined) return [];
  const sql = "exists (select 1 from json_each(body, '$.items.data') where value ->> '$.price.id' = ?)";
  return [{ sql, values: [price] }];
}

function hasEnded({ status }: Subscription): boolean {
  return status === "canceled" || status === "incomplete_expired";
}

/** The live subscription with this id; 400 when it has ended. */
function live(books: Books, id: string): Subscription {
  const subscription = get(books, "subscription", id);
  if (hasEnded(subscription)) {
    throw invalid(
      `The subscription ${id} has ended (${subscription.status}) and cannot be changed.`,
      "resource_missing",
    );
  }
  return subscription;
}

const discountTable = parameters<Stripe.SubscriptionDeleteDiscountParams>()({});

export const subscriptions = [
  route("POST", "/v1/subscriptions", createTable, ({ books, input }) => {
    const customer = get(books, "customer", input.customer, "customer");
    if (input.payment_behavior === "pending_if_incomplete") {
      throw invalid("pending_if_incomplete is for updates only.", undefined, "payment_behavior");
    }
    if (input.automatic_tax?.enabled) assertTaxLocation(customer);
    assertCurrency(books, input.currency, input.items);
    const method = input.default_payment_method;
    const started = startSubscription(books, {
      customer: customer.id,
      items: input.items.map((item) => ({
        price: item.price,
        quantity: item.quantity,
        metadata: patched({}, item.metadata),
        taxRates: item.tax_rates ?? [],
      })),
      trialEnd: trialEndOf(books.now, input),
      missingPaymentMethod: input.trial_settings?.end_behavior.missing_payment_method ?? "create_invoice",
      defaultPaymentMethod: method
        ? methodFor(books, method, customer.id, "default_payment_method").id
        : null,
      description: input.description ?? null,
      metadata: patched({}, input.metadata),
      billingMode: input.billing_mode?.type ?? "flexible",
      paymentBehavior: input.payment_behavior ?? "allow_incomplete",
      discounts: input.discounts ?? [],
      defaultTaxRates: input.default_tax_rates ?? [],
      automaticTax: input.automatic_tax?.enabled === true,
      daysUntilDue: daysUntilDue(input.collection_method, input.days_until_due, null),
    });
    if (!input.cancel_at_period_end && input.cancel_at === undefined) return started;
    const ends = endOf(started, input.cancel_at ?? "min_period_end");
    assertWholePeriods(started, ends, input.proration_behavior);
    return save(books, "subscription", planEnd(books, started, ends, input.cancel_at_period_end === true));
  }),
  route("GET", "/v1/subscriptions", listTable, ({ books, input, path }) =>
    pageOf(books, "subscription", path, input, {
      equal: { "$.customer": input.customer, "$.collection_method": input.collection_method },
      where: [
        ...statusFilter(input.status),
        ...priceFilter(input.price),
        ...within("created", input.created),
      ],
    }),
  ),
  route("GET", "/v1/subscriptions/{id}", { expand }, ({ books, id }) => get(books, "subscription", id)),
  route("POST", "/v1/subscriptions/{id}", updateTable, ({ books, input, id }) =>
    updateSubscription(books, live(books, id), input, endOf),
  ),
  route("POST", "/v1/subscriptions/{id}/pause", pauseTable, ({ books, input, id }) =>
    pauseSubscription(books, live(books, id), {
      unusedFrom: input.bill_for?.unused_time_from?.type ?? "now",
      invoices: input.invoicing_behavior === "invoice",
    }),
  ),
  route("POST", "/v1/subscriptions/{id}/resume", resumeTable, ({ books, input, id }) =>
    resumeSubscription(books, live(books, id), {
      anchor: input.billing_cycle_anchor?.type ?? "now",
      proration: input.proration_behavior ?? "create_prorations",
      at: input.proration_date ?? books.now,
      payment: input.payment_behavior === "resume_on_payment_success" ? "on_success" : "on_attempt",
    }),
  ),
  route("DELETE", "/v1/subscriptions/{id}/discount", discountTable, ({ books, id }) => {
    const [first] = live(books, id).discounts;
    if (first === undefined) throw missing("discount", id);
    dropDiscounts(books, live(books, id));
    const { end: _, ...discount } = get(books, "discount", first);
    return { ...discount, deleted: true };
  }),
  route("DELETE", "/v1/subscriptions/{id}", cancelTable, ({ books, input, id }) => {
    const subscription = get(books, "subscription", id);
    if (hasEnded(subscription)) throw missing("subscription", id);
    const given = input.cancellation_details;
    const details = { ...noDetails, ...subscription.cancellation_details };
    const explained: Subscription = {
      ...subscription,
      canceled_at: books.now,
      cancellation_details: {
        ...details,
        comment: given?.comment ?? details.comment,
        feedback: given?.feedback ?? details.feedback,
      },
    };
    return cancelNow(books, explained, input.prorate === true, input.invoice_now === true);
  }),
];

const noDetails = { comment: null, feedback: null, feedback_option: null, reason: null };

/** The instant that a `cancel_at` stands for. */
function endOf(subscription: Subscription, at: number | "min_period_end" | "max_period_end"): number {
  if (typeof at === "number") return at;
  const ends = subscription.items.data.map((item) => item.current_period_end);
  return at === "min_period_end" ? Math.min(...ends) : Math.max(...ends);
}
