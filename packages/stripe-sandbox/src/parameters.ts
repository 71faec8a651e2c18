import { parseDecimal } from "./decimal.ts";
import { invalid, unsupported } from "./failures.ts";
import { listOf, type Raw, type RawTree } from "./form.ts";

/** Reads one parameter; `at` is its full name for messages. Absent is `undefined`, cleared (`""`) is `null`. */
export interface Reader<T> {
  (raw: Raw | undefined, at: string): T;
  /** For a hash, or a list of them: the readers of what is inside. */
  readonly inside?: AnyReaders | undefined;
}

/** The reader that `read` makes out of others, which still shows what is inside them. */
export function around<T>(inner: Reader<unknown>, read: (raw: Raw | undefined, at: string) => T): Reader<T> {
  return Object.assign(read, { inside: inner.inside });
}

/**
 * One reader for every key of a `stripe` `…Params` interface. A parameter that Stripe has and this table lacks,
 * or the other way round, does not compile; what the sandbox does not do is named with `refused`.
 */
export type Readers<Params> = { [Key in keyof Required<Params>]: Reader<unknown> };
export type Parsed<Table> = { [Key in keyof Table]: Table[Key] extends Reader<infer T> ? T : never };
export type AnyReaders = Record<string, Reader<unknown>>;

/** Fixes the table to the interface and keeps the readers' own types. */
export function parameters<Params>() {
  return <Table extends Readers<Params>>(
    table: Table & Record<Exclude<keyof Table, keyof Params>, never>,
  ): Table => table;
}

/** Reads all parameters of a request. Errors: `parameter_unknown`, `parameter_missing`, `parameter_invalid_*`. */
export function read<Table extends AnyReaders>(table: Table, raw: RawTree, prefix = ""): Parsed<Table> {
  for (const key of Object.keys(raw)) {
    const name = nameOf(prefix, key);
    if (!Object.hasOwn(table, key)) {
      throw invalid(`Received unknown parameter: ${name}`, "parameter_unknown", name);
    }
  }
  const entries = Object.entries(table).map(([key, reader]) => [key, reader(raw[key], nameOf(prefix, key))]);
  return Object.fromEntries(entries) as Parsed<Table>;
}

function nameOf(prefix: string, key: string): string {
  return prefix ? `${prefix}[${key}]` : key;
}

export const text: Reader<string | undefined> = (raw, at) => {
  if (raw === undefined) return undefined;
  if (typeof raw !== "string") throw invalid(`Invalid string: ${at}`, undefined, at);
  if (raw === "") throw invalid(`You passed an empty string for '${at}'.`, "parameter_invalid_empty", at);
  return raw;
};

export const integer: Reader<number | undefined> = (raw, at) => {
  const value = text(raw, at);
  if (value === undefined) return undefined;
  if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(Number(value))) {
    throw invalid(`Invalid integer: ${value}`, "parameter_invalid_integer", at);
  }
  return Number(value);
};

/** A quantity: an integer of zero or more. */
export const count: Reader<number | undefined> = (raw, at) => {
  const value = integer(raw, at);
  if (value !== undefined && value < 0) {
    throw invalid("This value must be greater than or equal to 0.", "parameter_invalid_integer", at);
  }
  return value;
};

const currencies = new Set(Intl.supportedValuesOf("currency"));

/** A currency's three letters, in either case; read in lower case. */
export const currency: Reader<string | undefined> = (raw, at) => {
  const value = text(raw, at);
  if (value !== undefined && !currencies.has(value.toUpperCase())) {
    throw invalid(`Invalid currency: ${value}`, undefined, at);
  }
  return value?.toLowerCase();
};

/** A decimal string with at most 12 decimal places. */
export const decimal: Reader<string | undefined> = (raw, at) => {
  const value = text(raw, at);
  if (value !== undefined && !parseDecimal(value)) throw invalid(`Invalid decimal: ${value}`, undefined, at);
  return value;
};

/** A percentage above 0 (or from 0, for a tax) up to 100. */
export function percentage(from: "above zero" | "zero"): Reader<number | undefined> {
  return (raw, at) => {
    const value = decimal(raw, at);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (number > 100 || number < 0 || (number === 0 && from === "above zero")) {
      throw invalid("This value must be a percentage of up to 100.", undefined, at);
    }
    return number;
  };
}

export const flag: Reader<boolean | undefined> = (raw, at) => {
  const value = text(raw, at);
  if (value === undefined) return undefined;
  if (value !== "true" && value !== "false") throw invalid(`Invalid boolean: ${value}`, undefined, at);
  return value === "true";
};

/** One of a closed list of words. */
export function choice<Word extends string>(...words: Word[]): Reader<Word | undefined> {
  return (raw, at) => {
    const value = text(raw, at);
    const word = words.find((candidate) => candidate === value);
    if (value !== undefined && !word) {
      throw invalid(`Invalid ${at}: must be one of ${words.join(", ")}`, undefined, at);
    }
    return word;
  };
}

/** One word; whatever else Stripe takes here is 400 `sandbox_unsupported`. */
export function only<Word extends string>(word: Word): Reader<Word | undefined> {
  return (raw, at) => {
    const value = text(raw, at);
    if (value !== undefined && value !== word) throw unsupported(`${at}=${value}`, at);
    return value === undefined ? undefined : word;
  };
}

/** Words that Stripe takes here too and this sandbox does not: 400 `sandbox_unsupported`. */
export function except<T>(reader: Reader<T>, ...words: string[]): Reader<T> {
  return around(reader, (raw, at) => {
    if (typeof raw === "string" && words.includes(raw)) throw unsupported(`${at}=${raw}`, at);
    return reader(raw, at);
  });
}

export function required<T>(reader: Reader<T>): Reader<Exclude<T, undefined>> {
  return around(reader, (raw, at) => {
    const value = reader(raw, at);
    if (value === undefined) throw invalid(`Missing required param: ${at}.`, "parameter_missing", at);
    return value as Exclude<T, undefined>;
  });
}

/** `""` clears the field: read as null. */
export function clearable<T>(reader: Reader<T>): Reader<T | null> {
  return around(reader, (raw, at) => (raw === "" ? null : reader(raw, at)));
}

export function either<A, B>(
  test: (raw: Raw) => boolean,
  a: Reader<A>,
  b: Reader<B>,
): Reader<A | B | undefined> {
  return around(a.inside ? a : b, (raw, at) =>
    raw === undefined ? undefined : test(raw) ? a(raw, at) : b(raw, at),
  );
}

export function list<T>(reader: Reader<T>): Reader<Array<Exclude<T, undefined>> | undefined> {
  return around(reader, (raw, at) => {
    if (raw === undefined || raw === "") return raw === "" ? [] : undefined;
    if (typeof raw === "string") throw invalid("Invalid array", undefined, at);
    return listOf(raw).map((item, index) => required(reader)(item, `${at}[${index}]`));
  });
}

export function object<Table extends AnyReaders>(table: Table): Reader<Parsed<Table> | undefined> {
  const reader = (raw: Raw | undefined, at: string): Parsed<Table> | undefined => {
    if (raw === undefined) return undefined;
    if (typeof raw === "string") throw invalid("Invalid object", undefined, at);
    return read(table, raw, at);
  };
  return Object.assign(reader, { inside: table });
}

/** A metadata patch: a value of `""` deletes its key, null deletes them all. */
export const metadata: Reader<Record<string, string> | null | undefined> = (raw, at) => {
  if (raw === undefined || raw === "") return raw === "" ? null : undefined;
  if (typeof raw === "string") throw invalid("Invalid object", undefined, at);
  const entries = Object.entries(raw);
  if (entries.length > 50) throw invalid("Metadata can have up to 50 keys.", undefined, at);
  return Object.fromEntries(entries.map(([key, value]) => [key, metadataValue(key, value, at)]));
};

function metadataValue(key: string, value: Raw, at: string): string {
  if (typeof value !== "string")
    throw invalid("Metadata values must be strings.", undefined, `${at}[${key}]`);
  if (key.length > 40 || value.length > 500) {
    throw invalid("Metadata keys hold 40 characters and values 500.", undefined, `${at}[${key}]`);
  }
  return value;
}

/** A bound on a time: an exact second, or any of gt, gte, lt, lte. */
export const range = either(
  (raw) => typeof raw === "string",
  integer,
  object({ gt: integer, gte: integer, lt: integer, lte: integer }),
);

/** Accepted and not acted on: it changes only what a person sees on Stripe's own pages. */
export const ignored: Reader<undefined> = () => undefined;

/** Known to Stripe and not done here. */
export const refused: Reader<undefined> = (raw, at) => {
  if (raw !== undefined && raw !== "") throw unsupported(`parameter ${at}`, at);
  return undefined;
};

/** Accepted only as a refusal (`{enabled: false}`), for switches this sandbox does not have. */
export const onlyDisabled: Reader<undefined> = (raw, at) => {
  const enabled = typeof raw === "object" ? raw.enabled : raw;
  if (enabled !== undefined && enabled !== "false") throw unsupported(`${at} enabled`, at);
  return undefined;
};

export const expand = list(text);
export const paging = { limit: count, starting_after: text, ending_before: text, expand };
