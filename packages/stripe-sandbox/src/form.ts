import { invalid } from "./failures.ts";

/** A decoded form value: text, or a tree of them (arrays keep their indexes as keys). */
export type Raw = string | RawTree;
export interface RawTree {
  [key: string]: Raw;
}

const maxDepth = 8;

/** Decodes Stripe's v1 form encoding: `items[0][price]=…`, `expand[]=…`. Throws 400 on a malformed key. */
export function decodeForm(text: string): RawTree {
  const root = emptyTree();
  for (const [key, value] of new URLSearchParams(text)) place(root, keyPath(key), value);
  return root;
}

/** Decodes the JSON body of a v2 request into the same tree: null clears, arrays have their indexes as keys. */
export function decodeJson(text: string): RawTree {
  if (text.trim() === "") return emptyTree();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalid("The request body is not JSON.");
  }
  const tree = rawOf(parsed, 0);
  if (typeof tree === "string" || Array.isArray(parsed)) throw invalid("The request body must be an object.");
  return tree;
}

function rawOf(value: unknown, depth: number): Raw {
  if (depth > maxDepth) throw invalid("The request body is nested too deeply.");
  if (value === null) return "";
  if (typeof value !== "object") return String(value);
  const tree = emptyTree();
  for (const [key, inner] of Object.entries(value)) tree[key] = rawOf(inner, depth + 1);
  return tree;
}

/** The values of an encoded array in index order. */
export function listOf(tree: RawTree): Raw[] {
  return Object.entries(tree)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, value]) => value);
}

function keyPath(key: string): string[] {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(key);
  if (!match?.[1]) throw invalid(`Invalid parameter name: ${key}`, "parameter_unknown", key);
  const path = [match[1], ...[...(match[2] ?? "").matchAll(/\[([^[\]]*)\]/g)].map(([, part]) => part ?? "")];
  if (path.length > maxDepth) throw invalid(`Parameter is nested too deeply: ${key}`, undefined, key);
  return path;
}

function place(tree: RawTree, path: string[], value: string): void {
  const [head = "", ...rest] = path;
  const key = head === "" ? String(Object.keys(tree).length) : head;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const below = tree[key];
  const child = below === undefined || typeof below === "string" ? emptyTree() : below;
  tree[key] = child;
  place(child, rest, value);
}

function emptyTree(): RawTree {
  return Object.create(null) as RawTree;
}
