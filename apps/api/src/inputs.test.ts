import { decodeId, encodeId } from "@headroom/domain/ids";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  attributes,
  instantInput,
  organizationInput,
  page,
  quantity,
  safeText,
  trimmedText,
  userIdInput,
} from "./inputs.ts";

describe("safeText", () => {
  test("lets through what PostgreSQL stores unchanged, in one normal form", () => {
    const units = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(units, (text) => {
        const parsed = safeText(20).safeParse(text);
        if (!parsed.success) return;
        expect(parsed.data).toBe(text.normalize("NFC"));
        expect(parsed.data.isWellFormed()).toBe(true);
        expect(parsed.data).not.toMatch(/\p{Cc}/u);
        expect([...parsed.data].length).toBeLessThanOrEqual(20);
      }),
    );
  });

  test.each(["a\u0000", "a\u001f", "a\u007f", "a\u0085", "\ud800", "a\udc00b", "a\r\nb", "", "x".repeat(21)])(
    "refuses %j",
    (text) => {
      expect(safeText(20).safeParse(text).success).toBe(false);
    },
  );

  test("two spellings of one text become one", () => {
    expect(safeText(5).parse("e\u0301")).toBe(safeText(5).parse("\u00e9"));
  });

  test.each(["<b>", "'; drop table x; --", "Łódź", "日本", "👩‍💻"])("keeps %s", (text) => {
    expect(safeText(30).parse(text)).toBe(text);
  });
});

test("trimmedText counts after trimming", () => {
  expect(trimmedText(3).parse("  abc  ")).toBe("abc");
  expect(trimmedText(3).safeParse("   ").success).toBe(false);
});

describe("an id", () => {
  test("is bare inside and prefixed outside", () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(userIdInput.parse(encodeId("usr", id))).toBe(id);
        expect(decodeId("usr", encodeId("usr", id))).toBe(id);
      }),
    );
  });

  const id = "0198c0de-0000-7000-8000-00000000000a";
  test.each([id, `org_${id}`, `usr_${id.toUpperCase()}`, `usr_${id} `, "usr_", `usr_usr_${id}`, "current"])(
    "of a user is not %s",
    (text) => {
      expect(userIdInput.safeParse(text).success).toBe(false);
    },
  );
});

test("an organization is named by id or current, in a strict object", () => {
  const input = organizationInput({});
  expect(input.parse({ organizationId: "current" })).toEqual({ organizationId: "current" });
  expect(input.safeParse({}).success).toBe(false);
  expect(input.safeParse({ organizationId: "current", actorId: "usr_x" }).success).toBe(false);
});

test.each([0, -1, -0, 0.5, 2 ** 53, 1e21, Number.NaN, Number.POSITIVE_INFINITY, "1", 1n])(
  "%s is no quantity",
  (value) => {
    expect(quantity.safeParse(value).success).toBe(false);
  },
);

test("2^53 − 1 is a quantity", () => {
  expect(quantity.parse(2 ** 53 - 1)).toBe(2 ** 53 - 1);
});

test("a page has 50 entries unless told, at most 200", () => {
  const input = z.strictObject(page);
  expect(input.parse({})).toEqual({ limit: 50 });
  expect(input.safeParse({ limit: 201 }).success).toBe(false);
  expect(input.safeParse({ cursor: "a b" }).success).toBe(false);
});

test("a moment needs an offset, and becomes UTC", () => {
  expect(instantInput.parse("2026-03-01T01:00:00+01:00")).toBe("2026-03-01T00:00:00.000Z");
  const beyond = ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59"];
  for (const text of ["2026-03-01", "2026-03-01T00:00:00", "yesterday", "2026-02-30T00:00:00Z", ...beyond]) {
    expect(instantInput.safeParse(text).success).toBe(false);
  }
});

test("attributes are flat, few and short", () => {
  expect(attributes.parse({ aB: 1, c_d: "x", e: null, f: false })).toEqual({
    aB: 1,
    c_d: "x",
    e: null,
    f: false,
  });
  expect(attributes.safeParse({ nested: { a: 1 } }).success).toBe(false);
  expect(attributes.safeParse({ text: "a\u0000" }).success).toBe(false);
  expect(attributes.safeParse({ "key\u0000": 1 }).success).toBe(false);
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, 1]));
  expect(attributes.safeParse(many).success).toBe(false);
});
