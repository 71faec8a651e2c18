import type Stripe from "stripe";
import { patched } from "../billing/items.ts";
import { type Books, change, create, get } from "../books.ts";
import { invalid } from "../failures.ts";
import { pageOf, within } from "../lists.ts";
import { buildPromotionCode, isUsable } from "../objects/promotion-code.ts";
import {
  choice,
  count,
  expand,
  flag,
  integer,
  metadata,
  object,
  paging,
  parameters,
  range,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import type { PageQuery } from "../store.ts";

const createTable = parameters<Stripe.PromotionCodeCreateParams>()({
  active: flag,
  code: text,
  customer: text,
  customer_account: refused,
  expand,
  expires_at: integer,
  max_redemptions: count,
  metadata,
  promotion: required(object({ coupon: required(text), type: required(choice("coupon")) })),
  restrictions: object({
    currency_options: refused,
    first_time_transaction: flag,
    minimum_amount: refused,
    minimum_amount_currency: refused,
  }),
});
const updateTable = parameters<Stripe.PromotionCodeUpdateParams>()({
  active: flag,
  expand,
  metadata,
  restrictions: refused,
});
const listTable = parameters<Stripe.PromotionCodeListParams>()({
  ...paging,
  active: flag,
  code: text,
  coupon: text,
  created: range,
  customer: text,
  customer_account: refused,
});

/** Whatever its case, a code is unique among the usable ones. */
function assertFree(books: Books, code: string | undefined): void {
  if (code === undefined) return;
  if (!/^[A-Za-z0-9-]+$/.test(code)) {
    throw invalid("A code has letters, digits and dashes.", undefined, "code");
  }
  const where = [{ sql: "upper(body ->> '$.code') = ?", values: [code.toUpperCase()] }];
  const { data } = books.store.page("promotion_code", { equal: {}, where, limit: 100 });
  if (data.some((known) => isUsable(known, books.now))) {
    throw invalid("An active promotion code with this code exists.", "resource_already_exists", "code");
  }
}

/** Active as it is shown: switched on, in time, not used up, and so is its coupon. */
function activeNow(now: number, wanted: boolean | undefined): NonNullable<PageQuery["where"]> {
  if (wanted === undefined) return [];
  const open = (body: string, until: string): string =>
    `coalesce(${body} ->> '$.${until}' >= ?, 1)
     and coalesce(${body} ->> '$.times_redeemed' < ${body} ->> '$.max_redemptions', 1)`;
  const coupon = `exists (select 1 from object coupon where coupon.id = object.body ->> '$.promotion.coupon'
    and coupon.removed = 0 and ${open("coupon.body", "redeem_by")})`;
  const usable = `object.body ->> '$.active' and ${open("object.body", "expires_at")} and ${coupon}`;
  return [{ sql: `(${usable}) = ${wanted ? 1 : 0}`, values: [now, now] }];
}

export const promotionCodes = [
  route("POST", "/v1/promotion_codes", createTable, ({ books, input }) => {
    assertFree(books, input.code);
    const { customer } = input;
    const promotionCode = buildPromotionCode({
      now: books.now,
      coupon: get(books, "coupon", input.promotion.coupon, "promotion[coupon]").id,
      code: input.code ?? null,
      active: input.active ?? true,
      customer: customer === undefined ? null : get(books, "customer", customer, "customer").id,
      expiresAt: input.expires_at ?? null,
      maxRedemptions: input.max_redemptions ?? null,
      firstTimeTransaction: input.restrictions?.first_time_transaction ?? false,
      minimumAmount: null,
      minimumAmountCurrency: null,
      metadata: patched({}, input.metadata),
    });
    return create(books, "promotion_code", promotionCode, "promotion_code.created");
  }),
  route("GET", "/v1/promotion_codes", listTable, ({ books, input, path }) => {
    const { code } = input;
    const typed =
      code === undefined ? [] : [{ sql: "upper(body ->> '$.code') = ?", values: [code.toUpperCase()] }];
    return pageOf(books, "promotion_code", path, input, {
      equal: {
        "$.customer": input.customer,
        "$.promotion.coupon": input.coupon,
      },
      where: [...activeNow(books.now, input.active), ...typed, ...within("created", input.created)],
    });
  }),
  route("GET", "/v1/promotion_codes/{id}", { expand }, ({ books, id }) => get(books, "promotion_code", id)),
  route("POST", "/v1/promotion_codes/{id}", updateTable, ({ books, input, id }) => {
    const before = get(books, "promotion_code", id);
    const after = {
      ...before,
      active: input.active ?? before.active,
      metadata: patched(before.metadata ?? {}, input.metadata),
    };
    return change(books, "promotion_code", before, after, "promotion_code.updated");
  }),
];
