const places = 12;
const one = 10n ** BigInt(places);
const most = BigInt(Number.MAX_SAFE_INTEGER);

/** Whole units that an amount of minor units pays for at a unit price, as the server counts them. Null: a unit costs nothing. */
export function unitsFor(amount: number, unitPrice: string): number | null {
  const price = scaled(unitPrice);
  if (price === 0n) return null;
  return bounded((BigInt(amount) * one) / price);
}

/** What units cost, in minor units: exact, and rounded once, half up, as on the invoice. */
export function amountFor(units: number, unitPrice: string): number {
  return bounded((scaled(unitPrice) * BigInt(units) * 2n + one) / (2n * one));
}

const bounded = (value: bigint): number => Number(value > most ? most : value);

/** The price as a whole number of 10^-12 minor units. */
function scaled(unitPrice: string): bigint {
  const [whole = "0", fraction = ""] = unitPrice.split(".");
  return BigInt(whole) * one + BigInt(fraction.slice(0, places).padEnd(places, "0"));
}

/** How many decimal places the currency's money has: 2 for dollars, 0 for yen. */
function decimalsOf(currency: string): number {
  const format = new Intl.NumberFormat("en", { style: "currency", currency: currency.toUpperCase() });
  return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** What somebody typed as money, in minor units: `1.25`, `1,25`, `12`. Null: it is no amount. */
export function readMoney(text: string, currency: string): number | null {
  const decimals = decimalsOf(currency);
  const match = /^(\d{0,12})(?:[.,](\d*))?$/.exec(text.trim());
  const [, whole = "", fraction = ""] = match ?? [];
  if (match === null || `${whole}${fraction}` === "" || fraction.length > decimals) return null;
  return Number(`${whole || "0"}${fraction.padEnd(decimals, "0")}`);
}

/** Minor units as somebody would type them: `1.25`. `decimal` is the sign between whole and fraction. */
export function typedMoney(amount: number, currency: string, decimal = "."): string {
  const decimals = decimalsOf(currency);
  const digits = String(amount).padStart(decimals + 1, "0");
  const cut = digits.length - decimals;
  return decimals === 0 ? digits : `${digits.slice(0, cut)}${decimal}${digits.slice(cut)}`;
}
