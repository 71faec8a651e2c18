import { ts } from "@ts-morph/common";
import type { PackageTypes } from "./package-types.ts";

/** One place where a value is not what the type says. */
export interface Problem {
  path: string;
  problem: string;
}

interface Walk {
  checker: ts.TypeChecker;
  problems: Problem[];
  /** Told of every object on the way that names its kind. */
  seen: (object: Record<string, unknown>) => void;
  /** Within `previous_attributes`: only what changed is there, what was absent is null, and arrays are whole. */
  partial: boolean;
}

/** Every place where the JSON value differs from the type: wrong, missing and unexpected fields, with their paths. */
export function problemsOf(
  types: PackageTypes,
  type: ts.Type,
  value: unknown,
  path: string,
  seen: Walk["seen"] = () => {},
): Problem[] {
  const walk: Walk = { checker: types.checker, problems: [], seen, partial: false };
  check(walk, type, value, path);
  return walk.problems;
}

function check(walk: Walk, type: ts.Type, value: unknown, path: string): void {
  if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return;
  if (walk.partial && value === null) return;
  if (type.isUnion()) {
    checkUnion(walk, type, value, path);
    return;
  }
  if (!fitsPlainly(walk, type, value)) {
    report(walk, path, `${shown(value)} is not ${walk.checker.typeToString(type)}`);
    return;
  }
  if (Array.isArray(value)) {
    const [element] = walk.checker.getTypeArguments(type as ts.TypeReference);
    for (const [index, item] of value.entries()) {
      if (element) check({ ...walk, partial: false }, element, item, `${path}[${index}]`);
    }
  } else if (typeof value === "object" && value !== null) {
    checkObject(walk, type, value as Record<string, unknown>, path);
  }
}

/** A value must fit one arm; of several that could be meant, the one with the fewest problems speaks. */
function checkUnion(walk: Walk, union: ts.UnionType, value: unknown, path: string): void {
  const words = union.types.filter((arm) => arm.isStringLiteral()).map((arm) => arm.value);
  // An open enum also takes words unknown to the package; what the sandbox says must be known.
  const open = union.types.every((arm) => (arm.flags & ts.TypeFlags.String) === 0);
  if (typeof value === "string" && words.length > 0 && open && !words.includes(value)) {
    report(walk, path, `${shown(value)} is none of ${words.join(", ")}`);
    return;
  }
  const arms = union.types.filter((arm) => fitsPlainly(walk, arm, value) && meant(walk, arm, value));
  if (arms.length === 0) {
    report(walk, path, `${shown(value)} is not ${walk.checker.typeToString(union)}`);
    return;
  }
  const tried = arms.map((arm) => {
    const attempt: Walk = { ...walk, problems: [], seen: arms.length > 1 ? () => {} : walk.seen };
    check(attempt, arm, value, path);
    return { arm, problems: attempt.problems };
  });
  const best = tried.reduce((a, b) => (b.problems.length < a.problems.length ? b : a));
  walk.problems.push(...best.problems);
  if (arms.length > 1) check({ ...walk, problems: [] }, best.arm, value, path);
}

/** Fields that say by a fixed word which arm of a union an object is. */
const tags = ["object", "type", "deleted"];

function meant(walk: Walk, arm: ts.Type, value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return true;
  return tags.every((tag) => {
    const property = arm.getProperty(tag);
    const type = property && walk.checker.getTypeOfSymbol(property);
    if (!type || (property.flags & ts.SymbolFlags.Optional) !== 0) return true;
    const given = (value as Record<string, unknown>)[tag];
    if (walk.partial && given === undefined) return true;
    if (type.isStringLiteral()) return type.value === given;
    return !(type.flags & ts.TypeFlags.BooleanLiteral) || walk.checker.typeToString(type) === String(given);
  });
}

/** Whether the value is of the type's sort, without looking inside. */
function fitsPlainly(walk: Walk, type: ts.Type, value: unknown): boolean {
  const { flags } = type;
  if (flags & ts.TypeFlags.Null) return value === null;
  if (flags & ts.TypeFlags.Undefined) return value === undefined;
  if (type.isStringLiteral() || type.isNumberLiteral()) return value === type.value;
  if (flags & ts.TypeFlags.BooleanLiteral) return walk.checker.typeToString(type) === String(value);
  if (flags & ts.TypeFlags.String) return typeof value === "string";
  if (flags & ts.TypeFlags.Number) return typeof value === "number" && Number.isFinite(value);
  if (flags & ts.TypeFlags.Boolean) return typeof value === "boolean";
  if (isDecimal(type)) return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value);
  // The package's name for an open enum: `string & Record<never, never>`.
  if (type.isIntersection()) return typeof value === "string";
  if (walk.checker.isArrayType(type)) return Array.isArray(value);
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The package turns decimal strings into its branded class; on the wire they are text. */
function isDecimal(type: ts.Type): boolean {
  return type.isIntersection() && type.types.some((part) => part.symbol?.name === "DecimalImpl");
}

function checkObject(walk: Walk, type: ts.Type, value: Record<string, unknown>, path: string): void {
  if (typeof value.object === "string") walk.seen(value);
  const index = walk.checker.getIndexTypeOfType(type, ts.IndexKind.String);
  for (const [key, item] of Object.entries(value)) {
    const property = type.getProperty(key);
    if (property) checkField(walk, property, item, `${path}.${key}`, key);
    else if (index) check(walk, index, item, `${path}.${key}`);
    else report(walk, `${path}.${key}`, "unexpected");
  }
  if (walk.partial) return;
  for (const property of walk.checker.getPropertiesOfType(type)) {
    const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    if (!optional && !Object.hasOwn(value, property.name))
      report(walk, `${path}.${property.name}`, "missing");
  }
}

function checkField(walk: Walk, property: ts.Symbol, value: unknown, path: string, key: string): void {
  const type = walk.checker.getTypeOfSymbol(property);
  check(key === "previous_attributes" ? { ...walk, partial: true } : walk, type, value, path);
}

function report(walk: Walk, path: string, problem: string): void {
  walk.problems.push({ path, problem });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
