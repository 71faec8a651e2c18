import type Stripe from "stripe";
import { draftByHand, draftForSubscription, pendingOf, termsOf } from "../billing/invoicing.ts";
import { recurrenceOf } from "../billing/items.ts";
import { isMetered } from "../billing/metered-usage.ts";
import { changeSubscription } from "../billing/subscription-change.ts";
import { type Books, get, openBooks } from "../books.ts";
import { boundaryAfter } from "../calendar.ts";
import { invalid } from "../failures.ts";
import {
  count,
  currency,
  expand,
  flag,
  integer,
  list,
  metadata,
  object,
  only,
  onlyDisabled,
  parameters,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import type { Invoice, Subscription } from "../wire.ts";
import { billingMode, prorationBehavior } from "./subscription-parameters.ts";
import { prorationDate } from "./subscription-update.ts";

const item = parameters<Stripe.InvoiceCreatePreviewParams.SubscriptionDetails.Item>()({
  billing_thresholds: refused,
  clear_usage: refused,
  current_trial: refused,
  deleted: flag,
  discounts: refused,
  id: text,
  metadata,
  plan: refused,
  price: text,
  price_data: refused,
  quantity: count,
  tax_rates: refused,
});
const details = parameters<Stripe.InvoiceCreatePreviewParams.SubscriptionDetails>()({
  billing_cycle_anchor: refused,
  billing_mode: billingMode,
  billing_schedules: refused,
  cancel_at: refused,
  cancel_at_period_end: flag,
  cancel_now: refused,
  default_tax_rates: refused,
  items: list(object(item)),
  metadata,
  pause: refused,
  proration_behavior: prorationBehavior,
  proration_date: integer,
  resume_at: refused,
  start_date: refused,
  trial_end: refused,
});
const table = parameters<Stripe.InvoiceCreatePreviewParams>()({
  automatic_tax: onlyDisabled,
  currency,
  customer: text,
  customer_account: refused,
  customer_details: refused,
  discounts: refused,
  expand,
  invoice_items: refused,
  issuer: refused,
  on_behalf_of: refused,
  preview_mode: only("next"),
  schedule: refused,
  schedule_details: refused,
  subscription: required(text),
  subscription_details: object(details),
});

/**
 * `POST /v1/invoices/create_preview` for an existing subscription: the change and the invoice are really made,
 * read, and undone, so that a preview cannot differ from what would happen.
 */
export const invoicePreview = route("POST", "/v1/invoices/create_preview", table, ({ books, input }) => {
  const subscription = get(books, "subscription", input.subscription, "subscription");
  if (input.customer !== undefined && input.customer !== subscription.customer) {
    throw invalid("The subscription belongs to another customer.", undefined, "customer");
  }
  return books.database.discard(() => preview(openBooks(books), subscription, input.subscription_details));
});

type Details = {
  [Key in "items" | "proration_behavior" | "proration_date" | "cancel_at_period_end"]?: unknown;
} & {
  items?:
    | Array<{ id?: string | undefined; price?: string | undefined; quantity?: number | undefined }>
    | undefined;
  proration_behavior?: "create_prorations" | "always_invoice" | "none" | undefined;
  proration_date?: number | undefined;
  cancel_at_period_end?: boolean | undefined;
};

function preview(books: Books, before: Subscription, wanted: Details | undefined): Invoice {
  const changes = wanted?.items ?? [];
  const latest = before.latest_invoice;
  const after =
    changes.length === 0
      ? before
      : changeSubscription(books, before, {
          fields: {},
          items: changes,
          proration: wanted?.proration_behavior ?? "create_prorations",
          at: prorationDate(before, wanted?.proration_date ?? books.now),
          restart: false,
          payment: "allow_incomplete",
        });
  const immediate = after.latest_invoice !== latest && after.latest_invoice !== null;
  const invoice = immediate
    ? get(books, "invoice", after.latest_invoice ?? "")
    : upcoming(books, after, wanted?.cancel_at_period_end ?? after.cancel_at !== null);
  return asPreview(invoice, immediate);
}

/** The invoice the next renewal would draft; without a renewal, only what is pending. */
function upcoming(books: Books, subscription: Subscription, ends: boolean): Invoice {
  if (["canceled", "incomplete_expired"].includes(subscription.status)) {
    throw invalid(
      "No upcoming invoices: the subscription has ended.",
      "invoice_upcoming_none",
      "subscription",
    );
  }
  const at = Math.min(...subscription.items.data.map((entry) => entry.current_period_end));
  const renewing = subscription.items.data.filter((entry) => entry.current_period_end === at);
  const start = Math.min(...renewing.map((entry) => entry.current_period_start));
  if (!ends) {
    const next = renewing.map((entry) => ({
      ...entry,
      current_period_start: at,
      current_period_end: boundaryAfter(subscription.billing_cycle_anchor, recurrenceOf(entry.price), at),
    }));
    const later = openBooks({ ...books, now: at });
    const period = { start, end: at };
    return draftForSubscription(later, subscription, {
      reason: "upcoming",
      items: next.filter((entry) => !isMetered(entry.price)),
      used: renewing.filter((entry) => isMetered(entry.price)),
      period,
      waits: true,
    });
  }
  if (pendingOf(books, subscription.customer, subscription.id).length === 0) {
    throw invalid("No upcoming invoices: the subscription ends.", "invoice_upcoming_none", "subscription");
  }
  return draftByHand(
    books,
    {
      now: at,
      customer: get(books, "customer", subscription.customer),
      currency: subscription.currency,
      reason: "upcoming",
      subscription: { id: subscription.id, metadata: subscription.metadata },
      period: { start, end: at },
      autoAdvance: true,
      finalizesAt: null,
      defaultPaymentMethod: null,
      description: null,
      metadata: {},
      terms: termsOf(books, subscription),
    },
    true,
  );
}

/** A preview has an id that nothing answers to, and is still a draft. */
function asPreview(invoice: Invoice, immediate: boolean): Invoice {
  return {
    ...invoice,
    id: `upcoming_${invoice.id}`,
    number: null,
    status: "draft",
    attempted: false,
    attempt_count: 0,
    amount_paid: 0,
    amount_remaining: invoice.amount_due,
    automatically_finalizes_at: null,
    billing_reason: immediate ? invoice.billing_reason : "upcoming",
    next_payment_attempt: null,
    ending_balance: null,
    effective_at: null,
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  };
}
