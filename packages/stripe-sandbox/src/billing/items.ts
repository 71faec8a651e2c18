import { type Books, get } from "../books.ts";
import { boundaryAfter, type Period, type Recurrence } from "../calendar.ts";
import { invalid } from "../failures.ts";
import { buildItem, itemList } from "../objects/subscription.ts";
import type { Price, Subscription, SubscriptionItem } from "../wire.ts";
import { isMetered, quantityFor } from "./metered-usage.ts";
import { taxRatesNamed } from "./taxes.ts";

/** One entry of `items` on an update: by id it changes or removes, without one it adds. */
export interface ItemChange {
  id?: string | undefined;
  price?: string | undefined;
  quantity?: number | undefined;
  deleted?: boolean | undefined;
  metadata?: Record<string, string> | null | undefined;
  /** Ids; null clears. */
  tax_rates?: string[] | null | undefined;
  /** A schedule's: its price was active when it was planned, and may be archived by now. */
  planned?: boolean | undefined;
}

const maxItems = 20;

export function recurrenceOf(price: Price): Recurrence {
  if (!price.recurring) throw invalid(`The price ${price.id} is not recurring.`, undefined, "items");
  return { interval: price.recurring.interval, count: price.recurring.interval_count };
}

/** The recurring price for an item, in the subscription's currency; active unless it was planned before. */
export function priceForItem(books: Books, id: string, currency: string | null, planned = false): Price {
  const price = get(books, "price", id, "items[price]");
  recurrenceOf(price);
  if (!price.active && !planned) throw invalid(`The price ${id} is inactive.`, undefined, "items[price]");
  if (currency !== null && price.currency !== currency) {
    throw invalid("All items of a subscription have one currency.", undefined, "items[price]");
  }
  return price;
}

/** The items after the changes, in their old order, new ones last. Periods of new items are still to be set. */
export function changedItems(
  books: Books,
  subscription: Subscription,
  changes: ItemChange[],
): SubscriptionItem[] {
  const items = new Map(subscription.items.data.map((item) => [item.id, item]));
  for (const change of changes) {
    if (change.id === undefined) {
      const added = addedItem(books, subscription, change);
      items.set(added.id, added);
      continue;
    }
    const item = items.get(change.id);
    if (!item) throw invalid(`No such subscription item: '${change.id}'`, "resource_missing", "items[id]");
    if (change.deleted) items.delete(change.id);
    else items.set(change.id, changedItem(books, item, change));
  }
  const result = [...items.values()];
  assertItems(result);
  return result;
}

/** A subscription has 1 to 20 items, each with a price of its own. */
export function assertItems(items: SubscriptionItem[]): void {
  if (items.length === 0)
    throw invalid("A subscription must have at least one active item.", undefined, "items");
  if (items.length > maxItems)
    throw invalid(`A subscription has at most ${maxItems} items.`, undefined, "items");
  const prices = new Set(items.map((item) => item.price.id));
  if (prices.size < items.length)
    throw invalid("Each item of a subscription needs its own price.", undefined, "items");
}

function changedItem(books: Books, item: SubscriptionItem, change: ItemChange): SubscriptionItem {
  const moves = change.price !== undefined && change.price !== item.price.id;
  const price = moves
    ? priceForItem(books, change.price ?? "", item.price.currency, change.planned)
    : item.price;
  // A new price without a quantity starts at one, as the package's SubscriptionItems.d.ts says.
  const given = change.quantity ?? (moves || isMetered(price) ? undefined : item.quantity);
  const quantity = quantityFor(price, given);
  const metadata = patched(item.metadata, change.metadata);
  const tax_rates =
    change.tax_rates === undefined
      ? item.tax_rates
      : taxRatesNamed(books, change.tax_rates ?? [], "items[tax_rates]", item.tax_rates ?? []);
  const { quantity: _, ...kept } = item;
  return { ...kept, price, metadata, tax_rates, ...(quantity === undefined ? {} : { quantity }) };
}

function addedItem(books: Books, subscription: Subscription, change: ItemChange): SubscriptionItem {
  if (change.price === undefined)
    throw invalid("Missing required param: items[price].", "parameter_missing", "items");
  const price = priceForItem(books, change.price, subscription.currency, change.planned);
  return buildItem({
    now: books.now,
    subscription: subscription.id,
    price,
    quantity: quantityFor(price, change.quantity),
    metadata: change.metadata ?? {},
    taxRates: taxRatesNamed(books, change.tax_rates ?? [], "items[tax_rates]"),
    period: periodAt(subscription, recurrenceOf(price), books.now),
  });
}

/** The period an item with this recurrence is in: shared with its like, else from now to the next boundary. */
function periodAt(subscription: Subscription, every: Recurrence, now: number): Period {
  const like = subscription.items.data.find((item) => sameRecurrence(recurrenceOf(item.price), every));
  if (like) return { start: like.current_period_start, end: like.current_period_end };
  return { start: now, end: boundaryAfter(subscription.billing_cycle_anchor, every, now) };
}

/** A subscription whose cycle begins anew now, for all its items. */
export function restarted(
  books: Books,
  subscription: Subscription,
  items: SubscriptionItem[] = subscription.items.data,
): Subscription {
  const data = items.map((item) => ({
    ...item,
    current_period_start: books.now,
    current_period_end: boundaryAfter(books.now, recurrenceOf(item.price), books.now),
  }));
  return { ...subscription, billing_cycle_anchor: books.now, items: itemList(subscription.id, data) };
}

export function sameRecurrence(a: Recurrence, b: Recurrence): boolean {
  return a.interval === b.interval && a.count === b.count;
}

/** Metadata with a patch applied: `""` removes a key, null removes all. */
export function patched(
  current: Record<string, string>,
  patch: Record<string, string> | null | undefined,
): Record<string, string> {
  if (patch === undefined) return current;
  if (patch === null) return {};
  return Object.fromEntries(Object.entries({ ...current, ...patch }).filter(([, value]) => value !== ""));
}
