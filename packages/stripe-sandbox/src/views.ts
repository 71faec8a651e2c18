import type { Books } from "./books.ts";
import { planOf } from "./objects/plan.ts";
import type { Invoice, StoredEvent, Subscription, SubscriptionItem } from "./wire.ts";

/** Lists inside an object show this many entries; the rest is behind the list's own address. */
const embedded = 10;

/** An object as it is answered now: current prices in items, long lists cut, pending webhooks counted. */
export function rendered(books: Books, object: object): object {
  const { object: kind, deleted } = object as { object?: string; deleted?: boolean };
  if (deleted === true) return object;
  if (kind === "subscription") return renderSubscription(books, object as Subscription);
  if (kind === "subscription_item") return renderItem(books, object as SubscriptionItem);
  if (kind === "invoice") return renderInvoice(object as Invoice);
  if (kind === "event") return renderEvent(books, object as StoredEvent);
  return object;
}

function renderSubscription(books: Books, subscription: Subscription): Subscription {
  const data = subscription.items.data.map((item) => renderItem(books, item));
  return { ...subscription, items: { ...subscription.items, data } };
}

function renderItem(books: Books, item: SubscriptionItem): SubscriptionItem {
  const price = books.store.find("price", item.price.id) ?? item.price;
  return { ...item, price, plan: planOf(price) };
}

function renderInvoice(invoice: Invoice): Invoice {
  const { data } = invoice.lines;
  return {
    ...invoice,
    lines: { ...invoice.lines, data: data.slice(0, embedded), has_more: data.length > embedded },
  };
}

function renderEvent(books: Books, event: StoredEvent): StoredEvent {
  return { ...event, pending_webhooks: books.queue.pendingOf(event.id) };
}
