import { type Books, change, get, inFront, note, save } from "../books.ts";
import type { SchedulePhase } from "../objects/subscription-schedule.ts";
import type { Subscription, SubscriptionSchedule } from "../wire.ts";
import { cancelNow } from "./cancel-now.ts";
import { end } from "./cancellation.ts";
import { planEnd } from "./cancellation-plans.ts";
import { patched } from "./items.ts";
import { cancelled, complete, release } from "./schedule-endings.ts";
import { changesTo, runningIndex } from "./schedule-phases.ts";
import { changeSubscription, type SubscriptionChange } from "./subscription-change.ts";
import { startSubscription } from "./subscription-start.ts";

/**
 * Starts a schedule's subscription in its first phase: active, its first invoice a draft for an hour. A customer who has
 * come to be billed in another currency cannot have it: aborted.
 */
export function startSchedule(books: Books, schedule: SubscriptionSchedule): SubscriptionSchedule {
  const [phase] = schedule.phases;
  const customer = books.store.find("customer", schedule.customer);
  if (!phase || !customer || (customer.currency && customer.currency !== phase.currency)) {
    return cancelled(books, schedule, "subscription_schedule.aborted");
  }
  save(books, "subscription_schedule", schedule);
  const settings = schedule.default_settings;
  const started = startSubscription(books, {
    customer: customer.id,
    items: phase.items.map((item) => ({
      price: item.price,
      quantity: item.quantity ?? 1,
      metadata: item.metadata ?? {},
      taxRates: (item.tax_rates ?? []).map(({ id }) => id),
    })),
    trialEnd: null,
    missingPaymentMethod: "create_invoice",
    defaultPaymentMethod: phase.default_payment_method ?? settings.default_payment_method,
    description: phase.description ?? settings.description,
    metadata: patched({}, phase.metadata),
    billingMode: schedule.billing_mode.type,
    paymentBehavior: "allow_incomplete",
    discounts: [],
    defaultTaxRates: (phase.default_tax_rates ?? []).map(({ id }) => id),
    automaticTax: false,
    daysUntilDue: null,
    schedule: schedule.id,
  });
  const running = inPhase({ ...schedule, status: "active", subscription: started.id }, phase);
  const ends = endOfPlan(running);
  if (ends !== null) save(books, "subscription", planEnd(books, started, ends, false));
  return save(books, "subscription_schedule", running);
}

/** Notes that a schedule has started, or nothing for one that could not. */
export function noteStarted(books: Books, schedule: SubscriptionSchedule): SubscriptionSchedule {
  const previous = { current_phase: null, status: "not_started", subscription: null };
  if (schedule.status === "active") note(books, "subscription_schedule.updated", schedule, previous);
  return schedule;
}

function inPhase(
  schedule: SubscriptionSchedule,
  { start_date, end_date }: SchedulePhase,
): SubscriptionSchedule {
  return { ...schedule, current_phase: { start_date, end_date } };
}

/** When the subscription ends by its schedule: in the last phase of one that cancels it. */
function endOfPlan(schedule: SubscriptionSchedule): number | null {
  const last = runningIndex(schedule) === schedule.phases.length - 1;
  return last && schedule.end_behavior === "cancel" ? (schedule.current_phase?.end_date ?? null) : null;
}

/** The end of a phase: the next one is entered, or the schedule is over and its subscription goes on or ends. */
export function leavePhase(books: Books, schedule: SubscriptionSchedule): SubscriptionSchedule {
  const subscription = get(books, "subscription", schedule.subscription ?? "");
  const next = schedule.phases[runningIndex(schedule) + 1];
  if (next) return enterPhase(books, schedule, next);
  if (schedule.end_behavior === "cancel") {
    end(books, subscription, { reason: "cancellation_requested" });
    return get(books, "subscription_schedule", schedule.id);
  }
  return release(books, complete(books, schedule), false);
}

function enterPhase(
  books: Books,
  schedule: SubscriptionSchedule,
  phase: SchedulePhase,
): SubscriptionSchedule {
  const entered = inPhase(schedule, phase);
  save(books, "subscription_schedule", entered);
  applyPhase(books, entered, phase, {
    proration: phase.proration_behavior as SubscriptionChange["proration"],
    restart: phase.billing_cycle_anchor === "phase_start",
  });
  note(books, "subscription_schedule.updated", entered, { current_phase: schedule.current_phase });
  return entered;
}

/**
 * Makes the subscription what a phase says (docs.stripe.com/billing/subscriptions/subscription-schedules); a change that
 * waited for its payment is discarded.
 */
export function applyPhase(
  books: Books,
  schedule: SubscriptionSchedule,
  phase: SchedulePhase,
  how: Pick<SubscriptionChange, "proration" | "restart">,
): Subscription {
  const before = get(books, "subscription", schedule.subscription ?? "");
  const ends = endOfPlan(schedule);
  const planned = ends === before.cancel_at ? before : planEnd(books, before, ends, false);
  return changeSubscription(books, before, {
    ...how,
    fields: {
      ...planned,
      metadata: patched(before.metadata, phase.metadata),
      description: phase.description ?? before.description,
      default_payment_method: phase.default_payment_method ?? before.default_payment_method,
      default_tax_rates: phase.default_tax_rates?.length
        ? phase.default_tax_rates
        : (before.default_tax_rates ?? []),
    },
    items: changesTo(before, phase),
    at: books.now,
    payment: "allow_incomplete",
    mirrored: false,
  });
}

/** The end that a changed schedule plans for its subscription now. */
export function syncEnd(books: Books, schedule: SubscriptionSchedule): SubscriptionSchedule {
  const before = get(books, "subscription", schedule.subscription ?? "");
  const ends = endOfPlan(schedule);
  if (ends !== before.cancel_at) {
    const planned = planEnd(books, before, ends, false);
    change(books, "subscription", before, planned, "customer.subscription.updated");
  }
  return schedule;
}

/** Cancels a schedule, and its subscription with it when it runs. */
export function cancelSchedule(
  books: Books,
  schedule: SubscriptionSchedule,
  prorate: boolean,
  invoiceNow: boolean,
): SubscriptionSchedule {
  if (schedule.subscription === null) return cancelled(books, schedule, "subscription_schedule.canceled");
  cancelNow(books, get(books, "subscription", schedule.subscription), prorate, invoiceNow);
  return get(books, "subscription_schedule", schedule.id);
}

/** Notes the schedule in front of what it caused since `mark`, as it is now. */
export function noteCreated(
  books: Books,
  mark: number,
  schedule: SubscriptionSchedule,
): SubscriptionSchedule {
  inFront(books, mark, () => note(books, "subscription_schedule.created", schedule));
  return schedule;
}

/** Attaches a schedule to a subscription that runs already. */
export function attach(books: Books, subscription: Subscription, schedule: SubscriptionSchedule): void {
  const attached = { ...subscription, schedule: schedule.id };
  change(books, "subscription", subscription, attached, "customer.subscription.updated");
}
