import { patched } from "../billing/items.ts";
import { methodFor } from "../billing/payment-methods.ts";
import { release } from "../billing/schedule-endings.ts";
import { phaseOf, plannedPhases } from "../billing/schedule-phases.ts";
import { updateSchedule } from "../billing/schedule-update.ts";
import { attach, cancelSchedule, noteCreated, startSchedule } from "../billing/schedules.ts";
import { type Books, get, save } from "../books.ts";
import { invalid, unsupported } from "../failures.ts";
import { pageOf, within } from "../lists.ts";
import { buildSchedule } from "../objects/subscription-schedule.ts";
import { expand, type Parsed } from "../parameters.ts";
import { route } from "../routes.ts";
import type { PageQuery } from "../store.ts";
import type { Subscription, SubscriptionSchedule } from "../wire.ts";
import {
  cancelTable,
  createTable,
  listTable,
  releaseTable,
  updateTable,
} from "./subscription-schedule-parameters.ts";

const path = "/v1/subscription_schedules";

/** The schedule while it can still be changed. 400 once it is over. */
function changeable(books: Books, id: string): SubscriptionSchedule {
  const schedule = get(books, "subscription_schedule", id);
  if (["not_started", "active"].includes(schedule.status)) return schedule;
  throw invalid(`The subscription schedule ${id} is ${schedule.status}: it cannot be changed any more.`);
}

/** What cannot stand beside `from_subscription`: the schedule is what the subscription is, and is changed afterwards. */
const ownWords = [
  "billing_mode",
  "customer",
  "default_settings",
  "end_behavior",
  "metadata",
  "phases",
  "start_date",
] as const;

function fromSubscription(books: Books, id: string, input: Parsed<typeof createTable>): SubscriptionSchedule {
  const extra = ownWords.find((word) => input[word] !== undefined);
  if (extra) throw invalid(`${extra} cannot be set with from_subscription.`, undefined, extra);
  const subscription = get(books, "subscription", id, "from_subscription");
  assertAttachable(subscription);
  const mark = books.noted.length;
  const phase = phaseOf(
    subscription,
    Math.max(...subscription.items.data.map((item) => item.current_period_end)),
  );
  const schedule = save(books, "subscription_schedule", {
    ...buildSchedule({
      now: books.now,
      customer: subscription.customer,
      billingMode: subscription.billing_mode.type,
      phases: [phase],
      defaultPaymentMethod: subscription.default_payment_method,
      description: subscription.description,
      endBehavior: "release",
      metadata: {},
    }),
    status: "active",
    subscription: subscription.id,
    current_phase: { start_date: phase.start_date, end_date: phase.end_date },
  });
  attach(books, subscription, schedule);
  return noteCreated(books, mark, schedule);
}

function assertAttachable(subscription: Subscription): void {
  const { id, status, schedule, trial_settings: trial } = subscription;
  const refuse = (what: string): Error =>
    invalid(`The subscription ${id} ${what}.`, undefined, "from_subscription");
  if (!["active", "trialing", "past_due"].includes(status))
    throw refuse(`is ${status}: no schedule can manage it`);
  if (schedule !== null) throw refuse(`is managed by the schedule ${schedule} already`);
  if (status === "trialing" && trial?.end_behavior.missing_payment_method === "pause") {
    throw refuse("pauses at the end of its trial: no schedule can manage it");
  }
  if (subscription.collection_method !== "charge_automatically") {
    throw unsupported("a schedule for invoices that are sent", "from_subscription");
  }
  if (subscription.cancel_at !== null) {
    throw unsupported("a schedule for a subscription that ends", "from_subscription");
  }
}

function forCustomer(books: Books, input: Parsed<typeof createTable>): SubscriptionSchedule {
  if (!input.customer) throw invalid("Missing required param: customer.", "parameter_missing", "customer");
  if (!input.phases?.length) throw invalid("Missing required param: phases.", "parameter_missing", "phases");
  const customer = get(books, "customer", input.customer, "customer");
  const start = input.start_date === undefined || input.start_date === "now" ? books.now : input.start_date;
  if (start < books.now) throw unsupported("a schedule that starts in the past", "start_date");
  const phases = plannedPhases(books, customer.id, input.phases, { from: start });
  const currency = phases[0]?.currency;
  if (customer.currency && customer.currency !== currency) {
    throw invalid(`The customer is billed in ${customer.currency}, not in ${currency}.`, undefined, "phases");
  }
  const settings = input.default_settings;
  const method = settings?.default_payment_method;
  const mark = books.noted.length;
  const schedule = buildSchedule({
    now: books.now,
    customer: customer.id,
    billingMode: input.billing_mode?.type ?? "flexible",
    phases,
    defaultPaymentMethod: method
      ? methodFor(books, method, customer.id, "default_settings[default_payment_method]").id
      : null,
    description: settings?.description ?? null,
    endBehavior: input.end_behavior ?? "release",
    metadata: patched({}, input.metadata),
  });
  const saved = save(books, "subscription_schedule", schedule);
  return noteCreated(books, mark, start > books.now ? saved : startSchedule(books, saved));
}

function stampedWithin(field: string, bounds: Parameters<typeof within>[1]): NonNullable<PageQuery["where"]> {
  return within(`body ->> '$.${field}'`, bounds);
}

export const subscriptionSchedules = [
  route("POST", path, createTable, ({ books, input }) =>
    input.from_subscription === undefined
      ? forCustomer(books, input)
      : fromSubscription(books, input.from_subscription, input),
  ),
  route("GET", path, listTable, ({ books, input, path: url }) =>
    pageOf(books, "subscription_schedule", url, input, {
      equal: {
        "$.customer": input.customer,
        "$.status": input.scheduled === true ? "not_started" : undefined,
      },
      where: [
        ...within("created", input.created),
        ...stampedWithin("canceled_at", input.canceled_at),
        ...stampedWithin("completed_at", input.completed_at),
        ...stampedWithin("released_at", input.released_at),
      ],
    }),
  ),
  route("GET", `${path}/{id}`, { expand }, ({ books, id }) => get(books, "subscription_schedule", id)),
  route("POST", `${path}/{id}`, updateTable, ({ books, input, id }) =>
    updateSchedule(books, changeable(books, id), input),
  ),
  route("POST", `${path}/{id}/cancel`, cancelTable, ({ books, input, id }) =>
    cancelSchedule(books, changeable(books, id), input.prorate ?? true, input.invoice_now ?? true),
  ),
  route("POST", `${path}/{id}/release`, releaseTable, ({ books, input, id }) =>
    release(books, changeable(books, id), input.preserve_cancel_date === true),
  ),
];
