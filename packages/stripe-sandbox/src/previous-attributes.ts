type Json = Record<string, unknown>;

/**
 * What Stripe puts in `data.previous_attributes`: the old value of every field that changed, hashes by their
 * changed keys only, lists and arrays whole.
 */
export function previousAttributes(before: object, after: object): Json {
  const was = before as Json;
  const is = after as Json;
  const changed: Json = {};
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (same(was[key], is[key])) continue;
    const [old, now] = [was[key], is[key]];
    changed[key] = isHash(old) && isHash(now) ? previousAttributes(old, now) : (old ?? null);
  }
  return changed;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

function isHash(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
