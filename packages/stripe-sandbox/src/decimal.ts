/** A decimal as `units / 10^scale`. */
export interface DecimalValue {
  units: bigint;
  scale: number;
}

/** Reads `-12.5`; null when it is no plain decimal or has more than 12 places, Stripe's limit. */
export function parseDecimal(text: string): DecimalValue | null {
  const match = /^(-?)(\d{1,20})(?:\.(\d{1,12}))?$/.exec(text);
  if (!match) return null;
  const places = match[3] ?? "";
  return { units: BigInt(`${match[1]}${match[2]}${places}`), scale: places.length };
}

/** The shortest spelling: `2.50` becomes `2.5`, `-0` becomes `0`. */
export function normalizeDecimal(text: string): string {
  const { units, scale } = mustParse(text);
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const places = digits.slice(digits.length - scale).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${whole}${places ? `.${places}` : ""}`;
}

/** Exact quotient rounded once, halves away from zero, so that a credit mirrors its charge. */
export function roundHalfUp(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const n = numerator < 0n ? -numerator : numerator;
  const d = denominator < 0n ? -denominator : denominator;
  const rounded = (2n * n + d) / (2n * d);
  return negative ? -rounded : rounded;
}

/** `unit × quantity × part / whole` in minor units, rounded once. `part / whole` is the share of a period. */
export function lineAmount(unit: string, quantity: string | number, part = 1, whole = 1): number {
  const price = mustParse(unit);
  const units = mustParse(String(quantity));
  const numerator = price.units * units.units * BigInt(part);
  const denominator = 10n ** BigInt(price.scale + units.scale) * BigInt(whole);
  const amount = Number(roundHalfUp(numerator, denominator));
  if (!Number.isSafeInteger(amount)) throw new RangeError(`amount out of range: ${unit} x ${quantity}`);
  return amount;
}

/** `percent` % of an amount, rounded once. */
export function percentOf(amount: number, percent: number): number {
  const { units, scale } = mustParse(String(percent));
  return Number(roundHalfUp(BigInt(amount) * units, 100n * 10n ** BigInt(scale)));
}

/** The tax of `percent` % that an amount contains when `all` percent are contained in it, rounded once. */
export function containedIn(amount: number, percent: number, all: number): number {
  const places = 10n ** 12n;
  const share = (value: number): bigint => {
    const { units, scale } = mustParse(String(value));
    return units * 10n ** BigInt(12 - scale);
  };
  return Number(roundHalfUp(BigInt(amount) * share(percent), 100n * places + share(all)));
}

/** The exact sum of decimals. */
export function decimalSum(values: readonly string[]): string {
  const total = values
    .map((value) => mustParse(value))
    .reduce((sum, { units, scale }) => sum + units * 10n ** BigInt(12 - scale), 0n);
  const digits = (total < 0n ? -total : total).toString().padStart(13, "0");
  return normalizeDecimal(`${total < 0n ? "-" : ""}${digits.slice(0, -12)}.${digits.slice(-12)}`);
}

/** The integer part, towards zero. */
export function truncate(text: string): number {
  const { units, scale } = mustParse(text);
  return Number(units / 10n ** BigInt(scale));
}

/** The integer when the decimal is one, else null (`unit_amount` beside `unit_amount_decimal`). */
export function asInteger(text: string): number | null {
  const normal = normalizeDecimal(text);
  return normal.includes(".") ? null : Number(normal);
}

function mustParse(text: string): DecimalValue {
  const value = parseDecimal(text);
  if (!value) throw new RangeError(`not a decimal: ${text}`);
  return value;
}
