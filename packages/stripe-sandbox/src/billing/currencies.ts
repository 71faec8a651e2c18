import { type Books, get } from "../books.ts";
import { invalid } from "../failures.ts";

/** A price has one currency here: another one that is asked for is refused, not passed over. */
export function assertCurrency(
  books: Books,
  currency: string | undefined,
  items: Array<{ price?: string | undefined }>,
): void {
  for (const { price } of currency === undefined ? [] : items) {
    if (price === undefined) continue;
    const own = get(books, "price", price, "items[price]").currency;
    if (own !== currency)
      throw invalid(`The price ${price} is in ${own}, not in ${currency}.`, undefined, "currency");
  }
}
