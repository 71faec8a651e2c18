import { type Books, change, get, note, save } from "../books.ts";
import { percentOf } from "../decimal.ts";
import { invalid, missing } from "../failures.ts";
import { isRedeemable } from "../objects/coupon.ts";
import { buildDiscount } from "../objects/discount.ts";
import { subscriptionOf } from "../objects/invoice.ts";
import { isUsable } from "../objects/promotion-code.ts";
import type { Coupon, Discount, Invoice, PromotionCode, Subscription } from "../wire.ts";
import { spread } from "./spread.ts";

/** One entry of a `discounts` parameter. */
export interface Redemption {
  coupon?: string | undefined;
  promotion_code?: string | undefined;
  discount?: string | undefined;
}

export interface DiscountOwner {
  customer: string;
  currency: string;
  subscription?: string;
  checkoutSession?: string;
}

/**
 * Redeems coupons and promotion codes: `customer.discount.created` for each. An entry that names a discount keeps
 * it. 400 for a coupon that is over, used up or in another currency, and for a code that is.
 */
export function redeem(books: Books, entries: Redemption[], owner: DiscountOwner): string[] {
  return entries.map((entry) => {
    const named = [entry.coupon, entry.promotion_code, entry.discount].filter((id) => id !== undefined);
    if (named.length !== 1) {
      throw invalid("Pass one of coupon, promotion_code and discount.", "parameters_exclusive", "discounts");
    }
    if (entry.discount !== undefined) return get(books, "discount", entry.discount, "discounts").id;
    const code = entry.promotion_code === undefined ? null : usableCode(books, entry.promotion_code, owner);
    const coupon = redeemable(books, code?.promotion.coupon ?? entry.coupon ?? "", owner.currency);
    save(books, "coupon", { ...coupon, times_redeemed: coupon.times_redeemed + 1 });
    if (code) save(books, "promotion_code", { ...code, times_redeemed: code.times_redeemed + 1 });
    const discount = buildDiscount({
      now: books.now,
      coupon,
      promotionCode: code?.id ?? null,
      customer: owner.customer,
      subscription: owner.subscription ?? null,
      checkoutSession: owner.checkoutSession ?? null,
    });
    save(books, "discount", discount);
    note(books, "customer.discount.created", discount);
    return discount.id;
  });
}

/** The promotion code that a customer types, whatever its case. 400 `resource_missing` when none is usable. */
export function codeTyped(books: Books, typed: string): PromotionCode {
  const [found] = books.store
    .page("promotion_code", {
      equal: {},
      where: [{ sql: "upper(body ->> '$.code') = ?", values: [typed.toUpperCase()] }],
      limit: 100,
    })
    .data.filter((code) => isUsable(code, books.now));
  if (!found) throw missing("promotion code", typed, "promotion_code");
  return found;
}

function redeemable(books: Books, id: string, currency: string): Coupon {
  const coupon = get(books, "coupon", id, "discounts");
  if (!isRedeemable(coupon, books.now)) {
    throw invalid(`Coupon expired: ${id}`, "coupon_expired", "discounts");
  }
  if (coupon.currency !== null && coupon.currency !== currency) {
    throw invalid(`The coupon ${id} is in ${coupon.currency}, not in ${currency}.`, undefined, "discounts");
  }
  return coupon;
}

function usableCode(books: Books, id: string, owner: DiscountOwner): PromotionCode {
  const code = get(books, "promotion_code", id, "discounts");
  if (!isUsable(code, books.now)) {
    throw invalid("This promotion code is no longer active.", "promotion_code_expired", "discounts");
  }
  if (code.customer !== null && code.customer !== owner.customer) {
    throw invalid("This promotion code is another customer's.", undefined, "discounts");
  }
  if (code.restrictions.first_time_transaction && hasPaid(books, owner.customer)) {
    throw invalid("This promotion code is for a first purchase only.", undefined, "discounts");
  }
  return code;
}

function hasPaid(books: Books, customer: string): boolean {
  return books.store.where("invoice", "$.customer", customer).some(({ status }) => status === "paid");
}

/** A subscription's discounts that have not ended. */
export function discountsOf(books: Books, subscription: Subscription): string[] {
  return subscription.discounts.filter((id) => {
    const { end } = get(books, "discount", id);
    return end === null || end > books.now;
  });
}

export interface Discountable {
  /** Minor units; an amount off is taken only from what is above zero. */
  amount: number;
  product: string | null;
}

export interface DiscountShare {
  discount: string;
  amount: number;
}

/** What each line is discounted by each discount, in their order, each on what the former ones left. */
export function discountShares(books: Books, ids: string[], lines: Discountable[]): DiscountShare[][] {
  const left = lines.map(({ amount }) => amount);
  const shares: DiscountShare[][] = lines.map(() => []);
  for (const id of ids) {
    const coupon = couponOf(books, get(books, "discount", id));
    const open = lines.map(({ product }, index) => (applies(coupon, product) ? (left[index] ?? 0) : 0));
    const parts =
      coupon.percent_off === null
        ? spread(
            coupon.amount_off ?? 0,
            open.map((amount) => Math.max(0, amount)),
          )
        : open.map((amount) => percentOf(amount, coupon.percent_off ?? 0));
    parts.forEach((amount, index) => {
      left[index] = (left[index] ?? 0) - amount;
      if (amount !== 0) shares[index]?.push({ discount: id, amount });
    });
  }
  return shares;
}

/** Deleting a coupon does not end the discounts it gave. */
function couponOf(books: Books, discount: Discount): Coupon {
  const found = books.store.findAny(discount.source.coupon ?? "");
  if (!found) throw new Error(`discount ${discount.id} lost its coupon`);
  return found.body as Coupon;
}

function applies(coupon: Coupon, product: string | null): boolean {
  return !coupon.applies_to || (product !== null && coupon.applies_to.products.includes(product));
}

/** Takes a discount for once from the subscription as soon as an invoice has used it. */
export function useUp(books: Books, invoice: Invoice): void {
  const id = subscriptionOf(invoice);
  const subscription = id === null ? null : books.store.find("subscription", id);
  if (!subscription) return;
  const used = new Set((invoice.total_discount_amounts ?? []).map(({ discount }) => discount));
  const spent = subscription.discounts.filter(
    (entry) => used.has(entry) && couponOf(books, get(books, "discount", entry)).duration === "once",
  );
  if (spent.length === 0) return;
  for (const entry of spent) note(books, "customer.discount.deleted", get(books, "discount", entry));
  const discounts = subscription.discounts.filter((entry) => !spent.includes(entry));
  save(books, "subscription", { ...subscription, discounts });
}

/** A subscription without the discounts that have ended: `customer.discount.deleted` for each. */
export function withoutEnded(books: Books, subscription: Subscription): Subscription {
  const discounts = discountsOf(books, subscription);
  for (const id of subscription.discounts.filter((entry) => !discounts.includes(entry))) {
    note(books, "customer.discount.deleted", get(books, "discount", id));
  }
  return { ...subscription, discounts };
}

/** Takes all discounts from a subscription: `customer.discount.deleted` for each. */
export function dropDiscounts(books: Books, subscription: Subscription): Subscription {
  for (const id of subscription.discounts) {
    note(books, "customer.discount.deleted", get(books, "discount", id));
  }
  const without = { ...subscription, discounts: [] };
  return change(books, "subscription", subscription, without, "customer.subscription.updated");
}
