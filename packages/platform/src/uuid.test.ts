import { expect, test } from "vitest";
import { uuidv7 } from "./uuid.ts";

test("ids of a process ascend, however many there are in a millisecond", () => {
  const ids = Array.from({ length: 50_000 }, () => uuidv7());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("an id is a version 7 of its time", () => {
  const id = uuidv7(1_700_000_000_123);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(1_700_000_000_123);
  const fresh = Number.parseInt(uuidv7().replaceAll("-", "").slice(0, 12), 16);
  // 50,000 ids at once run at most some milliseconds ahead of the clock.
  expect(Math.abs(fresh - Date.now())).toBeLessThan(1_000);
});
