type Json = Record<string, unknown>;

/** The keys of every hash in some objects of one kind, by its path; arrays are `[]`. */
export type KeySets = Map<string, Set<string>>;

/** Hashes without fixed keys: metadata, and what an event is about. */
const open = /(^|\.)metadata$|^data\.object$/;

export function keySetsOf(objects: object[]): KeySets {
  const sets: KeySets = new Map();
  for (const object of objects) collect(sets, object, "");
  return sets;
}

function collect(sets: KeySets, value: unknown, path: string): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(sets, item, `${path}[]`);
  } else if (typeof value === "object" && value !== null) {
    const keys = sets.get(path) ?? new Set();
    sets.set(path, keys);
    for (const [key, inner] of Object.entries(value as Json)) {
      keys.add(key);
      const at = path === "" ? key : `${path}.${key}`;
      if (!open.test(at)) collect(sets, inner, at);
    }
  }
}

/**
 * Where two sides know the same hash by different keys: `-path` is only on the left, `+path` only on the right.
 * A hash that one side never shows filled in cannot be compared.
 */
export function differencesOf(left: KeySets, right: KeySets): string[] {
  const lines: string[] = [];
  for (const [path, keys] of left) {
    const others = right.get(path);
    if (!others || keys.size === 0 || others.size === 0) continue;
    const at = (key: string): string => (path === "" ? key : `${path}.${key}`);
    for (const key of keys) if (!others.has(key)) lines.push(`-${at(key)}`);
    for (const key of others) if (!keys.has(key)) lines.push(`+${at(key)}`);
  }
  return lines.sort();
}
