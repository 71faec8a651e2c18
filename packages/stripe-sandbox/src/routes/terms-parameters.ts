import { clearable, flag, list, object, only, refused, required, text } from "../parameters.ts";

/** `discounts`: coupons and promotion codes to redeem, or discounts to keep; `""` clears. */
export const discounts = clearable(list(object({ coupon: text, discount: text, promotion_code: text })));

/** `default_tax_rates` and `tax_rates`: ids; `""` clears. */
export const taxRateIds = clearable(list(text));

export const automaticTax = object({
  enabled: required(flag),
  liability: object({ account: refused, type: required(only("self")) }),
});
