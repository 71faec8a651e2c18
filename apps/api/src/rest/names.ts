import type { z } from "zod";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * Which keys of a value are ours and follow the wire's snake_case, and which belong to the caller (maps such as
 * `properties`) and stay as they are. It is read from the value's schema, so no list of exceptions can go stale.
 */
export type Names = {
  /** Our fields, by their name in code. */
  fields: ReadonlyMap<string, Names>;
  /** Of an array. */
  items: Names | null;
  /** JSON types that a leaf may have: what a text in a query string may stand for. */
  types: ReadonlySet<string>;
};

/** Names in the values that a JSON schema describes; alternatives are laid over each other. */
export function namesOf(schema: JsonSchema): Names {
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].map((option) =>
    namesOf(option as JsonSchema),
  );
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, field]) => [name, namesOf(field as JsonSchema)] as const,
  );
  const items = schema.items === undefined ? null : namesOf(schema.items as JsonSchema);
  const types = [schema.type ?? []].flat() as string[];
  return options.reduce(overlay, { fields: new Map(fields), items, types: new Set(types) });
}

function overlay(one: Names, other: Names): Names {
  const fields = new Map(one.fields);
  for (const [name, field] of other.fields) {
    const known = fields.get(name);
    fields.set(name, known === undefined ? field : overlay(known, field));
  }
  const items =
    one.items !== null && other.items !== null ? overlay(one.items, other.items) : (one.items ?? other.items);
  return { fields, items, types: new Set([...one.types, ...other.types]) };
}

/** Fields have few names, and every call spells some twenty. */
const spelled = new Map<string, string>();
const mostSpelled = 2_000;

/** `organizationId` → `organization_id`. */
export function snakeCase(name: string): string {
  const known = spelled.get(name);
  if (known !== undefined) return known;
  const spelling = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (spelled.size < mostSpelled) spelled.set(name, spelling);
  return spelling;
}

/** An answer with our keys in snake_case. */
export function toWire(names: Names, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = names;
    return items === null ? value : value.map((item) => toWire(items, item));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const field = names.fields.get(name);
      return field === undefined ? [name, item] : [snakeCase(name), toWire(field, item)];
    }),
  );
}

/**
 * An input with our keys as in code. A key that is not ours on the wire keeps its name; one that would then be taken
 * for a field (`organizationId`) is reported to `unknown` and left out: the wire has one spelling.
 */
export function fromWire(names: Names, value: unknown, unknown: (key: string) => void): unknown {
  if (Array.isArray(value)) {
    const { items } = names;
    return items === null ? value : value.map((item) => fromWire(items, item, unknown));
  }
  if (typeof value !== "object" || value === null || names.fields.size === 0) return value;
  const wire = spellingsOf(names);
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const name = wire.get(key);
    const field = name === undefined ? undefined : names.fields.get(name);
    if (name !== undefined && field !== undefined) entries.push([name, fromWire(field, item, unknown)]);
    else if (names.fields.has(key)) unknown(key);
    else entries.push([key, item]);
  }
  return Object.fromEntries(entries);
}

const spellings = new WeakMap<Names, ReadonlyMap<string, string>>();

/** Our fields' names, by how the wire spells them. */
function spellingsOf(names: Names): ReadonlyMap<string, string> {
  let found = spellings.get(names);
  if (found === undefined) {
    found = new Map([...names.fields.keys()].map((name) => [snakeCase(name), name]));
    spellings.set(names, found);
  }
  return found;
}

/** The place of a fault, `windows.resetsAt`, as the wire spells it. */
export function pathToWire(names: Names, path: string): string {
  const spelled: string[] = [];
  let current: Names | null = names;
  for (const segment of path.split(".")) {
    const field: Names | undefined = current?.fields.get(segment);
    spelled.push(field === undefined ? segment : snakeCase(segment));
    current = field ?? current?.items ?? null;
  }
  return spelled.join(".");
}

/** Every key of a value, at any depth, in snake_case: for what is wholly ours. */
export function allToWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(allToWire);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [snakeCase(name), allToWire(item)]));
}
