import { setImmediate as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { forEachAtOnce } from "./at-once.ts";

test("every item once, at most so many at once", async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await forEachAtOnce([1, 2, 3, 4, 5], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await pause();
    done.push(item);
    running -= 1;
  });
  expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test("one that fails keeps no other from it, and is told at the end", async () => {
  const done: number[] = [];
  const all = forEachAtOnce([1, 2, 3, 4], 2, async (item) => {
    if (item === 1) throw new Error("not this one");
    await pause();
    done.push(item);
  });
  await expect(all).rejects.toThrow("not this one");
  expect(done).toEqual([2, 3, 4]);
});

test("of nothing there is nothing to do", async () => {
  await forEachAtOnce([], 4, () => Promise.reject(new Error("nobody")));
});
