import { type Books, change } from "../books.ts";
import { boundary } from "../calendar.ts";
import { invalid } from "../failures.ts";
import { buildPhase, buildPhaseItem, type SchedulePhase } from "../objects/subscription-schedule.ts";
import type { Subscription, SubscriptionItem, SubscriptionSchedule } from "../wire.ts";
import { type ItemChange, patched, priceForItem, recurrenceOf } from "./items.ts";
import { methodFor } from "./payment-methods.ts";
import { taxRatesNamed } from "./taxes.ts";

/** One phase as a request gives it. */
export interface PhaseInput {
  items: Array<{
    price: string;
    quantity?: number | undefined;
    metadata?: Record<string, string> | null | undefined;
    tax_rates?: string[] | null | undefined;
  }>;
  start_date?: number | "now" | undefined;
  end_date?: number | "now" | undefined;
  duration?: { interval: string; interval_count?: number | undefined } | undefined;
  billing_cycle_anchor?: string | undefined;
  currency?: string | undefined;
  default_payment_method?: string | undefined;
  default_tax_rates?: string[] | null | undefined;
  description?: string | null | undefined;
  metadata?: Record<string, string> | null | undefined;
  proration_behavior?: string | undefined;
}

/**
 * The phases of a request one after the other, the first from an instant on. 400 for gaps, for an end that is not ahead
 * of its start and of now, and for prices that a subscription could not have; `known` ones may be archived since.
 */
export function plannedPhases(
  books: Books,
  customer: string,
  wanted: PhaseInput[],
  { from, known = [] }: { from: number; known?: string[] },
): SchedulePhase[] {
  const phases: SchedulePhase[] = [];
  for (const [index, input] of wanted.entries()) {
    const at = `phases[${index}]`;
    const start = phases.at(-1)?.end_date ?? from;
    const given = input.start_date === "now" ? books.now : input.start_date;
    if (given !== undefined && given !== start) {
      throw invalid("A phase starts where the one before it ends.", undefined, `${at}[start_date]`);
    }
    const last = index === wanted.length - 1;
    phases.push(
      planned(books, customer, input, {
        start,
        end: endOf(books, input, { start, last, at }),
        at,
        known,
      }),
    );
  }
  const currencies = new Set(phases.map(({ currency }) => currency));
  if (currencies.size > 1) throw invalid("All phases have one currency.", undefined, "phases");
  return phases;
}

function planned(
  books: Books,
  customer: string,
  input: PhaseInput,
  { start, end, at, known }: { start: number; end: number; at: string; known: string[] },
): SchedulePhase {
  const currency = input.currency?.toLowerCase() ?? null;
  const prices = input.items.map(({ price }) => priceForItem(books, price, currency, known.includes(price)));
  const [first] = prices;
  if (!first) throw invalid("A phase needs at least one item.", "parameter_missing", `${at}[items]`);
  const distinct = new Set(prices.map(({ id }) => id));
  if (distinct.size < prices.length || prices.some((price) => price.currency !== first.currency)) {
    throw invalid(
      "The items of a phase have prices of their own in one currency.",
      undefined,
      `${at}[items]`,
    );
  }
  const method = input.default_payment_method;
  return buildPhase({
    currency: first.currency,
    start,
    end,
    anchor: input.billing_cycle_anchor ?? null,
    items: input.items.map((item, index) =>
      buildPhaseItem(
        prices[index] ?? first,
        item.quantity ?? 1,
        patched({}, item.metadata),
        taxRatesNamed(books, item.tax_rates ?? [], `${at}[items][${index}][tax_rates]`),
      ),
    ),
    defaultPaymentMethod:
      method === undefined ? null : methodFor(books, method, customer, `${at}[default_payment_method]`).id,
    defaultTaxRates: taxRatesNamed(books, input.default_tax_rates ?? [], `${at}[default_tax_rates]`),
    description: input.description ?? null,
    metadata: input.metadata ?? {},
    proration: input.proration_behavior ?? "create_prorations",
  });
}

/** Where a phase ends; the last one may leave it out and lasts one interval of its first price. */
function endOf(
  books: Books,
  input: PhaseInput,
  { start, last, at }: { start: number; last: boolean; at: string },
): number {
  if (input.end_date !== undefined && input.duration !== undefined) {
    throw invalid("Pass only one of end_date and duration.", "parameters_exclusive", `${at}[end_date]`);
  }
  if (input.end_date === "now") return books.now;
  if (input.end_date !== undefined) {
    if (input.end_date <= Math.max(start, books.now - 1)) {
      throw invalid("A phase must end in the future and after its start.", undefined, `${at}[end_date]`);
    }
    return input.end_date;
  }
  if (input.duration) {
    const { interval, interval_count: count = 1 } = input.duration;
    return boundary(start, { interval, count }, 1);
  }
  const [item] = input.items;
  if (!last || !item) {
    throw invalid(`Missing required param: ${at}[end_date].`, "parameter_missing", `${at}[end_date]`);
  }
  return boundary(start, recurrenceOf(priceForItem(books, item.price, null, true)), 1);
}

/** A phase that is what a subscription already is, up to an instant. */
export function phaseOf(subscription: Subscription, end: number): SchedulePhase {
  const starts = subscription.items.data.map((item) => item.current_period_start);
  return buildPhase({
    currency: subscription.currency,
    start: Math.min(...starts),
    end,
    anchor: null,
    items: itemsOf(subscription),
    defaultPaymentMethod: null,
    defaultTaxRates: subscription.default_tax_rates ?? [],
    description: null,
    metadata: {},
    proration: "create_prorations",
  });
}

function itemsOf({ items }: Subscription): SchedulePhase["items"] {
  return items.data.map((item) =>
    buildPhaseItem(item.price, item.quantity ?? 1, item.metadata, item.tax_rates ?? []),
  );
}

/**
 * What makes a subscription's items those of a phase: an item keeps its place with its price, then the others get the
 * phase's other prices in their order, and what is left is added or deleted.
 */
export function changesTo(subscription: Subscription, phase: SchedulePhase): ItemChange[] {
  const open = new Map(subscription.items.data.map((item) => [item.id, item]));
  const taken = new Map<SchedulePhase["items"][number], SubscriptionItem>();
  const take = (wanted: SchedulePhase["items"][number], item: SubscriptionItem | undefined): void => {
    if (!item) return;
    taken.set(wanted, item);
    open.delete(item.id);
  };
  for (const wanted of phase.items) {
    take(
      wanted,
      [...open.values()].find((item) => item.price.id === wanted.price),
    );
  }
  for (const wanted of phase.items.filter((one) => !taken.has(one))) take(wanted, [...open.values()][0]);
  const kept = phase.items.map((wanted): ItemChange => {
    const id = taken.get(wanted)?.id;
    return {
      ...(id === undefined ? {} : { id }),
      price: wanted.price,
      quantity: wanted.quantity,
      metadata: wanted.metadata,
      tax_rates: (wanted.tax_rates ?? []).map((rate) => rate.id),
      planned: true,
    };
  });
  return [...kept, ...[...open.keys()].map((id) => ({ id, deleted: true }))];
}

/** A phase's place in its schedule: the running one, or -1. */
export function runningIndex({ phases, current_phase: current }: SubscriptionSchedule): number {
  return phases.findIndex(({ start_date }) => start_date === current?.start_date);
}

/** Writes a change that was made to the subscription itself into the running phase of its schedule, if it has one. */
export function mirrorInPhase(books: Books, subscription: Subscription): void {
  const schedule = subscription.schedule && books.store.find("subscription_schedule", subscription.schedule);
  if (!schedule) return;
  const index = runningIndex(schedule);
  const items = itemsOf(subscription);
  const phases = schedule.phases.map((phase, at) => (at === index ? { ...phase, items } : phase));
  change(books, "subscription_schedule", schedule, { ...schedule, phases }, "subscription_schedule.updated");
}
