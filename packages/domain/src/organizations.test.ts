import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assertConfirmed,
  deriveSlug,
  parseHostName,
  parseName,
  parseSlug,
  parseTimeZone,
  purgeTime,
  suffixSlug,
} from "./organizations.ts";

const refusal = expect.objectContaining({ code: "validation_failed" });

describe("slugs", () => {
  test.each([
    ["Acme, Inc.", "acme-inc"],
    ["  Große Köche ", "grosse-koche"],
    ["Ärger & Söhne", "arger-sohne"],
    ["日本", "org"],
    ["X", "x-org"],
    ["Admin", "admin-org"],
    ["ﬁnance", "finance"],
  ])("of %s is %s", (name, slug) => {
    expect(deriveSlug(name)).toBe(slug);
  });

  test("derived from any name are valid, also with a suffix", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 120 }), (name) => {
        const slug = deriveSlug(name);
        expect(parseSlug(slug)).toBe(slug);
        const suffixed = suffixSlug(slug, "x7k2");
        expect(parseSlug(suffixed)).toBe(suffixed);
      }),
    );
  });

  test.each(["a", "-a", "a-", "a--b", "Acme", "a_b", "ä", "current", "api", "x".repeat(49), ""])(
    "refuses %s",
    (slug) => {
      expect(() => parseSlug(slug)).toThrow(refusal);
    },
  );
});

describe("names", () => {
  test("are trimmed after NFC and counted in characters", () => {
    expect(parseName("  e\u0301clair ")).toBe("éclair");
    expect(parseName("🦊".repeat(100))).toHaveLength(200);
    expect(() => parseName("🦊".repeat(101))).toThrow(refusal);
    expect(() => parseName(" \u00a0 ")).toThrow(refusal);
  });
});

describe("host names", () => {
  test.each([
    ["Example.COM", "example.com"],
    ["a.b-c.xn--p1ai", "a.b-c.xn--p1ai"],
  ])("%s is %s", (text, host) => {
    expect(parseHostName(text)).toBe(host);
  });

  test.each([
    "localhost",
    "10.0.0.1",
    "https://a.com",
    "a..com",
    "-a.com",
    "a.com.",
    "a b.com",
    "münchen.de",
    `${"x".repeat(64)}.com`,
    `${"abc.".repeat(63)}com`,
  ])("%s is none", (text) => {
    expect(() => parseHostName(text)).toThrow(refusal);
  });
});

describe("time zones", () => {
  test.each(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])(
    "%s is one",
    (zone) => {
      expect(parseTimeZone(zone)).toBe(zone);
    },
  );

  test.each(["+01:00", "Berlin", "", "UTC+1", "Europe/Berlin; drop", "../etc"])("%s is none", (zone) => {
    expect(() => parseTimeZone(zone)).toThrow(refusal);
  });
});

describe("deleting", () => {
  test("is confirmed by the slug, letter for letter", () => {
    expect(() => assertConfirmed({ slug: "acme" }, "acme")).not.toThrow();
    for (const other of ["Acme", "acme ", "", "acm"]) {
      expect(() => assertConfirmed({ slug: "acme" }, other)).toThrow(refusal);
    }
  });

  test("keeps the data for 30 days", () => {
    expect(purgeTime(Date.UTC(2026, 0, 31))).toBe(Date.UTC(2026, 2, 2));
  });
});
