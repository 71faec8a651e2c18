import type Stripe from "stripe";
import { patched } from "../billing/items.ts";
import { change, create, get, note } from "../books.ts";
import { invalid } from "../failures.ts";
import { pageOf, within } from "../lists.ts";
import { buildCoupon } from "../objects/coupon.ts";
import {
  choice,
  count,
  currency,
  expand,
  integer,
  list,
  metadata,
  object,
  paging,
  parameters,
  percentage,
  range,
  refused,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";

const createTable = parameters<Stripe.CouponCreateParams>()({
  amount_off: count,
  applies_to: object({ products: list(text) }),
  currency,
  currency_options: refused,
  duration: choice("forever", "once", "repeating"),
  duration_in_months: count,
  expand,
  id: text,
  max_redemptions: count,
  metadata,
  name: text,
  percent_off: percentage("above zero"),
  redeem_by: integer,
});
const updateTable = parameters<Stripe.CouponUpdateParams>()({
  currency_options: refused,
  expand,
  metadata,
  name: text,
});
const listTable = parameters<Stripe.CouponListParams>()({ ...paging, created: range });

interface Terms {
  amount_off: number | undefined;
  percent_off: number | undefined;
  currency: string | undefined;
  duration: string | undefined;
  duration_in_months: number | undefined;
}

/** A coupon is a percentage, or an amount with its currency; months belong to a repeating one. */
function assertTerms(input: Terms): void {
  if ((input.amount_off === undefined) === (input.percent_off === undefined)) {
    throw invalid("Pass one of percent_off and amount_off.", "parameters_exclusive", "percent_off");
  }
  if (input.amount_off === 0) throw invalid("An amount_off is positive.", undefined, "amount_off");
  if ((input.amount_off === undefined) !== (input.currency === undefined)) {
    throw invalid("amount_off and currency go together.", "parameter_missing", "currency");
  }
  if ((input.duration === "repeating") !== (input.duration_in_months !== undefined)) {
    const message = "duration_in_months is for a repeating duration, which needs it.";
    throw invalid(message, undefined, "duration_in_months");
  }
}

export const coupons = [
  route("POST", "/v1/coupons", createTable, ({ books, input }) => {
    assertTerms(input);
    if (input.id && books.store.findAny(input.id)) {
      throw invalid(`Coupon already exists: ${input.id}`, "resource_already_exists", "id");
    }
    const products = (input.applies_to?.products ?? []).map(
      (id) => get(books, "product", id, "applies_to").id,
    );
    const coupon = buildCoupon({
      now: books.now,
      id: input.id ?? null,
      name: input.name ?? null,
      percentOff: input.percent_off ?? null,
      amountOff: input.amount_off ?? null,
      currency: input.currency?.toLowerCase() ?? null,
      duration: input.duration ?? "once",
      durationInMonths: input.duration_in_months ?? null,
      maxRedemptions: input.max_redemptions ?? null,
      redeemBy: input.redeem_by ?? null,
      products: products.length > 0 ? products : null,
      metadata: patched({}, input.metadata),
    });
    return create(books, "coupon", coupon, "coupon.created");
  }),
  route("GET", "/v1/coupons", listTable, ({ books, input, path }) =>
    pageOf(books, "coupon", path, input, { equal: {}, where: within("created", input.created) }),
  ),
  route("GET", "/v1/coupons/{id}", { expand }, ({ books, id }) => get(books, "coupon", id)),
  route("POST", "/v1/coupons/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "coupon", id);
    const after = {
      ...before,
      name: input.name ?? before.name,
      metadata: patched(before.metadata ?? {}, input.metadata),
    };
    return change(books, "coupon", before, after, "coupon.updated");
  }),
  route("DELETE", "/v1/coupons/{id}", {}, ({ books, id }) => {
    note(books, "coupon.deleted", get(books, "coupon", id));
    books.store.remove(id);
    return { id, object: "coupon", deleted: true };
  }),
];
