import fc from "fast-check";
import { expect, test } from "vitest";
import { DomainError } from "./errors.ts";
import {
  assertOverridePlace,
  assertOverrideReason,
  assertOverrideValue,
  type OverrideKind,
  type OverrideValue,
  overrideKinds,
} from "./overrides.ts";

const limits = overrideKinds.filter((kind) => kind !== "feature");

function refusalOf(check: () => void): unknown {
  try {
    check();
    return null;
  } catch (error) {
    return error instanceof DomainError ? [error.code, error.details] : error;
  }
}

const issue = (path: string) => ["validation_failed", { issues: [{ path, message: expect.any(String) }] }];

test("a limit is any whole number that JSON carries exactly, or none", () => {
  for (const kind of limits) {
    fc.assert(
      fc.property(fc.option(fc.maxSafeNat(), { nil: null }), (value) => assertOverrideValue(kind, value)),
    );
  }
});

test.each([
  ...[-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "5", true, ""].flatMap((value) =>
    limits.map((kind) => [kind, value] as const),
  ),
  ...[null, Number.NaN, Number.NEGATIVE_INFINITY].map((value) => ["feature", value] as const),
] as [OverrideKind, OverrideValue][])("%s of %j is refused", (kind, value) => {
  expect(refusalOf(() => assertOverrideValue(kind, value))).toEqual(issue("value"));
});

test.each([true, false, 0, -1.5, 2 ** 60, "", "basic"])("a feature may be %j", (value) => {
  expect(refusalOf(() => assertOverrideValue("feature", value))).toBeNull();
});

test.each([
  ["", false],
  ["  ", false],
  ["x", true],
  ["a".repeat(500), true],
  ["a".repeat(501), false],
  ["💶".repeat(500), true],
])("a reason of %j is enough: %s", (reason, enough) => {
  expect(refusalOf(() => assertOverrideReason(reason))).toEqual(enough ? null : issue("reason"));
});

test("meters and features are named, seats are not", () => {
  for (const kind of overrideKinds) {
    const named = refusalOf(() => assertOverridePlace({ kind, name: "pages" }));
    const nameless = refusalOf(() => assertOverridePlace({ kind, name: null }));
    expect([named, nameless]).toEqual(kind === "seats" ? [issue("name"), null] : [null, issue("name")]);
  }
});
