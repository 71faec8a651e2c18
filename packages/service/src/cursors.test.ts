import fc from "fast-check";
import { expect, test } from "vitest";
import { nextPage, readCursor, readIdCursor, readSequenceCursor, writeCursor } from "./cursors.ts";

test("pages of any size make up the whole list, each item once", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.integer({ min: 1, max: 9 }), (length, limit) => {
      const all = Array.from({ length }, (_, index) => index + 1);
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const after = readSequenceCursor("audit", cursor) ?? 0;
        const page = nextPage("audit", all.filter((item) => item > after).slice(0, limit + 1), limit, String);
        seen.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual(all);
    }),
  );
});

test("a cursor says what it was given, in characters that an address carries", () => {
  const place = "0198c0de-0000-7000-8000-00000000000a";
  const cursor = writeCursor("invites", place);
  expect(cursor).toMatch(/^[\w-]+$/);
  expect(readIdCursor("invites", cursor)).toBe(place);
  expect(readCursor("invites", undefined)).toBeNull();
});

test("a cursor that no list of ours gave is refused", () => {
  expect(() => readIdCursor("invites", writeCursor("invites", "1 or 1=1"))).toThrow(
    expect.objectContaining({ code: "validation_failed" }),
  );
  expect(() => readSequenceCursor("audit", writeCursor("audit", "-1"))).toThrow();
  expect(() => readSequenceCursor("audit", "AAAA")).toThrow();
});

test("a cursor is good for its own list alone, and as it was given", () => {
  const place = "0198c0de-0000-7000-8000-00000000000a";
  const cursor = writeCursor("invites", place);
  expect(readIdCursor("invites", cursor)).toBe(place);
  const others = [
    writeCursor("profiles", place),
    Buffer.from(place).toString("base64url"),
    `${cursor}A`,
    `${cursor}==`,
    cursor.slice(0, -1),
    `-${cursor}`,
  ];
  for (const other of others) {
    expect(() => readIdCursor("invites", other), other).toThrow(
      expect.objectContaining({ code: "validation_failed" }),
    );
  }
});
