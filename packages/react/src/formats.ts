/** How numbers, money and moments are written for one reader. */
export type Formats = {
  /** `1,234`. */
  number(value: number): string;
  /** `1.2K`, where there is little room. */
  compact(value: number): string;
  /** A share of 1: `0.42` is `42 %`. */
  percent(share: number): string;
  /** Minor units: `2900` of `usd` is `$29.00`. */
  money(minorUnits: number, currency: string): string;
  /** A decimal string of minor units, such as the price of one unit: `"2.5"` of `usd` is `$0.025`. */
  unitPrice(minorUnits: string, currency: string): string;
  /** A moment's date in the reader's zone: `22 Nov 2026`. */
  date(instant: string | Date): string;
  /** `22 Nov 2026, 15:30`. */
  dateTime(instant: string | Date): string;
  /** A calendar day `2026-11-22`, which has no zone: `Sun, 22 Nov`. */
  day(date: string): string;
  /** The same where there is little room: `22 Nov`. */
  shortDay(date: string): string;
  /** How far a moment is from another, in the largest unit that fits: `in 3 days`. */
  relative(instant: string | Date, now: Date): string;
};

const spans = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
] as const;

/**
 * @param locale a BCP 47 tag, such as `en` or `de-CH`
 * @param timeZone an IANA zone, such as `Europe/Berlin`
 */
export function createFormats(locale: string, timeZone: string): Formats {
  const number = new Intl.NumberFormat(locale);
  const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone });
  const day = new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
  const shortDay = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return {
    number: (value) => number.format(value),
    compact: (value) => compact.format(value),
    percent: (share) => percent.format(share),
    money: (minorUnits, currency) => {
      const format = currencyFormat(locale, currency);
      return format.format(minorUnits / 10 ** digitsOf(format));
    },
    unitPrice: (minorUnits, currency) => {
      const digits = digitsOf(currencyFormat(locale, currency));
      const format = currencyFormat(locale, currency, digits + 12);
      return format.format(shifted(minorUnits, digits));
    },
    date: (instant) => date.format(new Date(instant)),
    dateTime: (instant) => dateTime.format(new Date(instant)),
    day: (text) => day.format(new Date(`${text}T00:00:00Z`)),
    shortDay: (text) => shortDay.format(new Date(`${text}T00:00:00Z`)),
    relative: (instant, now) => {
      const distance = new Date(instant).getTime() - now.getTime();
      const [unit, length] = spans.find((span) => Math.abs(distance) >= span[1]) ?? ["second", 1_000];
      return relative.format(Math.round(distance / length), unit);
    },
  };
}

function currencyFormat(locale: string, currency: string, most?: number): Intl.NumberFormat {
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: currency.toUpperCase(),
    ...(most === undefined ? {} : { maximumFractionDigits: most }),
  });
}

/** How many places the minor unit of the currency stands for: 2 for cents, 0 for yen. */
function digitsOf(format: Intl.NumberFormat): number {
  return format.resolvedOptions().minimumFractionDigits ?? 2;
}

/** A decimal string divided by a power of ten, still exact: Intl formats decimal strings as they are. */
function shifted(decimal: string, places: number): Intl.StringNumericLiteral {
  const [whole = "0", fraction = ""] = decimal.replace("-", "").split(".");
  const padded = whole.padStart(places + 1, "0");
  const cut = padded.length - places;
  const sign = decimal.startsWith("-") ? "-" : "";
  return `${sign}${padded.slice(0, cut)}.${padded.slice(cut)}${fraction}0` as Intl.StringNumericLiteral;
}
