import type { DeliveryQueue } from "./delivery-queue.ts";
import { isRedeemable } from "./objects/coupon.ts";
import { planOf } from "./objects/plan.ts";
import { isUsable } from "./objects/promotion-code.ts";
import type { Store } from "./store.ts";
import type { Coupon, Invoice, PromotionCode, StoredEvent, Subscription, SubscriptionItem } from "./wire.ts";

/** What answers are made from. */
export interface Shelf {
  readonly store: Store;
  readonly queue: Pick<DeliveryQueue, "pendingOf">;
  /** Seconds. */
  readonly now: number;
}

/** Lists inside an object show this many entries; the rest is behind the list's own address. */
const embedded = 10;

/** An object as it is answered now: current prices in items, long lists cut, pending webhooks counted. */
export function rendered(shelf: Shelf, object: object): object {
  const { object: kind, deleted } = object as { object?: string; deleted?: boolean };
  if (deleted === true) return object;
  if (kind === "subscription") return renderSubscription(shelf, object as Subscription);
  if (kind === "subscription_item") return renderItem(shelf, object as SubscriptionItem);
  if (kind === "invoice") return renderInvoice(object as Invoice);
  if (kind === "coupon") return renderCoupon(shelf, object as Coupon);
  if (kind === "promotion_code") return renderCode(shelf, object as PromotionCode);
  if (kind === "event") return renderEvent(shelf, object as StoredEvent);
  return object;
}

function renderSubscription(shelf: Shelf, subscription: Subscription): Subscription {
  const all = subscription.items.data;
  const data = all.slice(0, embedded).map((item) => renderItem(shelf, item));
  const pending = subscription.pending_update;
  const pending_update = pending && {
    ...pending,
    subscription_items: pending.subscription_items?.map((item) => renderItem(shelf, item)) ?? null,
  };
  return {
    ...subscription,
    items: { ...subscription.items, data, has_more: all.length > embedded },
    pending_update,
  };
}

function renderItem(shelf: Shelf, item: SubscriptionItem): SubscriptionItem {
  const price = shelf.store.find("price", item.price.id) ?? item.price;
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
function renderCoupon(shelf: Shelf, coupon: Coupon): Coupon {
  return { ...coupon, valid: isRedeemable(coupon, shelf.now) };
}

/** A code is active only while its coupon is valid, too. */
function renderCode(shelf: Shelf, code: PromotionCode): PromotionCode {
  const coupon = code.promotion.coupon === null ? null : shelf.store.find("coupon", code.promotion.coupon);
  const active = isUsable(code, shelf.now) && coupon !== null && isRedeemable(coupon, shelf.now);
  return { ...code, active };
}

function renderEvent(shelf: Shelf, event: StoredEvent): StoredEvent {
  return { ...event, pending_webhooks: shelf.queue.pendingOf(event.id) };
}
