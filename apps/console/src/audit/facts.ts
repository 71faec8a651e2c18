import type { Outputs } from "../organization.tsx";

export type Entry = Outputs["audit"]["list"]["entries"][number];

/** One fact of an entry; `before` and `after` where the entry tells both. */
export type Fact = { name: string; before?: unknown; after: unknown };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The facts of an entry with what stood before each. Entries tell it in three ways: `{name: {from, to}}`, `from` and `to`
 * beside each other, and `previous` with the fields as they were.
 */
export function factsOf(data: Readonly<Record<string, unknown>>): Fact[] {
  const facts: Fact[] = [];
  const { previous, from, to, ...others } = data;
  if ("from" in data || "to" in data) facts.push({ name: "", before: from, after: to });
  for (const [name, value] of Object.entries(others)) {
    if (isRecord(value) && "from" in value && "to" in value) {
      facts.push({ name, before: value.from, after: value.to });
    } else if (isRecord(previous) && name in previous) {
      facts.push({ name, before: previous[name], after: value });
    } else {
      facts.push({ name, after: value });
    }
  }
  if ("previous" in data && !isRecord(previous)) return facts;
  for (const [name, value] of Object.entries(isRecord(previous) ? previous : {})) {
    if (!(name in others)) facts.push({ name, before: value, after: null });
  }
  return facts;
}

/** A value for people: `words` has what nothing and the truth values are called. */
export function textOf(value: unknown, words: { nothing: string; yes: string; no: string }): string {
  if (value === null || value === undefined) return words.nothing;
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (Array.isArray(value)) {
    return value.length === 0 ? words.nothing : value.map((one) => textOf(one, words)).join(", ");
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A field's name: `words` has those that are common, others are spelled out: `planVersion` is `plan version`. */
export function nameOf(field: string, words: Readonly<Record<string, string>>): string {
  return words[field] ?? field.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}
