import type { Books } from "./books.ts";
import { isRedeemable } from "./objects/coupon.ts";
import { planOf } from "./objects/plan.ts";
import { isUsable } from "./objects/promotion-code.ts";
import type { Coupon, Invoice, PromotionCode, StoredEvent, Subscription, SubscriptionItem } from "./wire.ts";

/** Lists inside an object show this many entries; the rest is behind the list's own address. */
const embedded = 10;

/** An object as it is answered now: current prices in items, long lists cut, pending webhooks counted. */
export function rendered(books: Books, object: object): object {
  const { object: kind, deleted } = object as { object?: string; deleted?: boolean };
  if (deleted === true) return object;
  if (kind === "subscription") return renderSubscription(books, object as Subscription);
  if (kind === "subscription_item") return renderItem(books, object as SubscriptionItem);
  if (kind === "invoice") return renderInvoice(object as Invoice);
  if (kind === "coupon") return renderCoupon(books, object as Coupon);
  if (kind === "promotion_code") return renderCode(books, object as PromotionCode);
  if (kind === "event") return renderEvent(books, object as StoredEvent);
  return object;
}

function renderSubscription(books: Books, subscription: Subscription): Subscription {
  const all = subscription.items.data;
  const data = all.slice(0, embedded).map((item) => renderItem(books, item));
  const pending = subscription.pending_update;
  const pending_update = pending && {
    ...pending,
    subscription_items: pending.subscription_items?.map((item) => renderItem(books, item)) ?? null,
  };
  return {
    ...subscription,
    items: { ...subscription.items, data, has_more: all.length > embedded },
    pending_update,
  };
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

/** Time and use alone make a coupon invalid. */
function renderCoupon(books: Books, coupon: Coupon): Coupon {
  return { ...coupon, valid: isRedeemable(coupon, books.now) };
}

/** A code is active only while its coupon is valid, too. */
function renderCode(books: Books, code: PromotionCode): PromotionCode {
  const coupon = code.promotion.coupon === null ? null : books.store.find("coupon", code.promotion.coupon);
  const active = isUsable(code, books.now) && coupon !== null && isRedeemable(coupon, books.now);
  return { ...code, active };
}

function renderEvent(books: Books, event: StoredEvent): StoredEvent {
  return { ...event, pending_webhooks: books.queue.pendingOf(event.id) };
}
