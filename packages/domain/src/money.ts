/** Unit prices have at most this many decimal places. */
const priceScale = 12;

const decimal = /^(\d{1,18})(?:\.(\d{1,12}))?$/;
const one = 10n ** BigInt(priceScale);
const largest = BigInt(Number.MAX_SAFE_INTEGER);

/** True for a plain, non-negative decimal with up to 12 places: a unit price in minor units ("2.5" is 2.5 cents). */
export function isUnitPrice(text: string): boolean {
  return decimal.test(text);
}

/**
 * `unitPrice` × `quantity` in integer minor units, computed exactly and rounded once, half up.
 * @throws RangeError for a price that is no unit price, a quantity that is no integer ≥ 0, or an amount above 2^53 − 1.
 */
export function amountOf(unitPrice: string, quantity: number): number {
  const amount = rounded(unitPrice, quantity);
  if (amount > largest) {
    throw new RangeError(`${quantity} units at ${unitPrice} are more than an amount can hold`);
  }
  return Number(amount);
}

/**
 * What usage costs: as `amountOf`, but the largest amount, 2^53 − 1, where it is more than an amount can hold. Nothing
 * limits what is recorded, and one mistaken event must not keep its period from being shown, closed and corrected.
 * @throws RangeError for a price that is no unit price, and a quantity that is no integer ≥ 0.
 */
export function costOf(unitPrice: string, quantity: number): number {
  return Number(lesser(rounded(unitPrice, quantity), largest));
}

/** Amounts together, or the largest amount where they are more than that. */
export function sumOf(amounts: readonly number[]): number {
  return Number(
    lesser(
      amounts.reduce((sum, amount) => sum + BigInt(amount), 0n),
      largest,
    ),
  );
}

function lesser(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

function rounded(unitPrice: string, quantity: number): bigint {
  if (!Number.isSafeInteger(quantity) || quantity < 0) {
    throw new RangeError(`${quantity} is not a quantity`);
  }
  return (scaled(unitPrice) * BigInt(quantity) * 2n + one) / (2n * one);
}

/**
 * What prices that recur come to in a month, in integer minor units: a year's is a twelfth, rounded once, half up.
 * @throws RangeError as `amountOf` does
 */
export function monthlyAmount(
  prices: readonly { unitPrice: string; quantity: number }[],
  interval: "month" | "year",
): number {
  const months = interval === "year" ? 12n : 1n;
  const total = prices.reduce(
    (sum, { unitPrice, quantity }) => sum + scaled(unitPrice) * BigInt(quantity),
    0n,
  );
  const amount = (total * 2n + one * months) / (2n * one * months);
  if (amount > largest) {
    throw new RangeError("the prices are more than an amount can hold");
  }
  return Number(amount);
}

/** True when the first unit price is the lower one. */
export function isCheaper(unitPrice: string, than: string): boolean {
  return scaled(unitPrice) < scaled(than);
}

/** True when price × quantity is a whole number of minor units: nothing is rounded, whoever multiplies. */
export function isWhole(unitPrice: string, quantity: number): boolean {
  return (scaled(unitPrice) * BigInt(quantity)) % one === 0n;
}

/** The shortest form of a unit price: PostgreSQL's "2.500000000000" is "2.5". */
export function plainPrice(unitPrice: string): string {
  const units = scaled(unitPrice);
  const places = (units % one).toString().padStart(priceScale, "0").replace(/0+$/, "");
  return places === "" ? `${units / one}` : `${units / one}.${places}`;
}

// The price as a whole number of 10^-12 minor units.
function scaled(unitPrice: string): bigint {
  const match = decimal.exec(unitPrice);
  if (!match) {
    throw new RangeError(`${JSON.stringify(unitPrice)} is not a unit price`);
  }
  return BigInt(match[1] as string) * one + BigInt((match[2] ?? "").padEnd(priceScale, "0"));
}
