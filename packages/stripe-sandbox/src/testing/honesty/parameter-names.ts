import { ts } from "@ts-morph/common";
import { StripeFailure } from "../../failures.ts";
import { type AnyReaders, ignored, metadata, onlyDisabled, type Reader, refused } from "../../parameters.ts";
import type { PackageTypes } from "./package-types.ts";

/** Readers that take a hash without looking at its keys, each on purpose. */
const whole: Array<Reader<unknown>> = [refused, ignored, onlyDisabled, metadata];

/**
 * Where a table of readers is not the package's parameters: names it lacks or has too many, at any depth, hashes that
 * it does not look into, and words of the package that it neither takes nor refuses as unsupported.
 */
export function parameterProblems(
  types: PackageTypes,
  table: AnyReaders,
  type: ts.Type,
  path = "",
): string[] {
  const properties = types.checker.getPropertiesOfType(type);
  const names = properties.map(({ name }) => name);
  const at = (name: string): string => (path === "" ? name : `${path}[${name}]`);
  return [
    ...names.filter((name) => !Object.hasOwn(table, name)).map((name) => `${at(name)}: not read`),
    ...Object.keys(table)
      .filter((name) => !names.includes(name))
      .map((name) => `${at(name)}: not a parameter of Stripe`),
    ...properties.flatMap((property) => {
      const reader = table[property.name];
      const inner = types.checker.getTypeOfSymbol(property);
      return reader ? readerProblems(types, reader, inner, at(property.name)) : [];
    }),
  ];
}

function readerProblems(types: PackageTypes, reader: Reader<unknown>, type: ts.Type, path: string): string[] {
  if (whole.includes(reader)) return [];
  const arms = type.isUnion() ? type.types : [type];
  const hashes = arms.flatMap((arm) => hashesOf(types, arm));
  const wrong = arms
    .filter((arm) => arm.isStringLiteral())
    .flatMap(({ value }) => wordProblem(reader, value, path));
  if (hashes.length === 0) return wrong;
  const { inside } = reader;
  if (!inside) return [...wrong, `${path}: not looked into`];
  return [...wrong, ...hashes.flatMap((hash) => parameterProblems(types, inside, hash, path))];
}

/** The hash types that an arm stands for: itself, or what its array holds. */
function hashesOf(types: PackageTypes, arm: ts.Type): ts.Type[] {
  if (types.checker.isArrayType(arm)) {
    const [element] = types.checker.getTypeArguments(arm as ts.TypeReference);
    return element
      ? (element.isUnion() ? element.types : [element]).flatMap((one) => hashesOf(types, one))
      : [];
  }
  const isHash = (arm.flags & ts.TypeFlags.Object) !== 0;
  return isHash && types.checker.getPropertiesOfType(arm).length > 0 ? [arm] : [];
}

/** A word the package knows is taken, or refused by saying that the sandbox does not do it. */
function wordProblem(reader: Reader<unknown>, word: string, path: string): string[] {
  if (word === "") return [];
  try {
    reader(word, path);
    return [];
  } catch (error) {
    if (error instanceof StripeFailure && error.body.code === "sandbox_unsupported") return [];
    return [`${path}: "${word}" is not known`];
  }
}
