import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { askTogether, createCollector } from "./self-clocking.ts";

/** A collector whose batches end when they are told to. */
function gated(options: { most: number; atOnce?: number; heaviest?: number }) {
  const batches: number[][] = [];
  const ends: (() => void)[] = [];
  const collector = createCollector<number>({
    ...options,
    weigh: (item) => item,
    send: (items) => {
      batches.push(items);
      return new Promise((resolve) => ends.push(resolve));
    },
  });
  return {
    ...collector,
    batches,
    endOne: async () => {
      ends.shift()?.();
      await turn();
    },
  };
}

test("what comes while a batch is dealt with goes together when that ends, in order", async () => {
  const { add, batches, endOne } = gated({ most: 3 });
  add(1);
  add(2);
  await turn();
  for (const item of [3, 4, 5, 6]) add(item);
  await turn();
  expect(batches).toEqual([[1, 2]]);
  await endOne();
  expect(batches.at(-1)).toEqual([3, 4, 5]);
  await endOne();
  expect(batches.at(-1)).toEqual([6]);
  await endOne();
  add(7);
  await turn();
  expect(batches.at(-1)).toEqual([7]);
});

test("as many batches are dealt with at once as may be, and no more", async () => {
  const { add, batches, endOne } = gated({ most: 2, atOnce: 2 });
  for (const item of [1, 2, 3]) {
    add(item);
    await turn();
  }
  expect(batches).toEqual([[1], [2]]);
  await endOne();
  for (const item of [4, 5, 6]) add(item);
  await turn();
  expect(batches).toEqual([[1], [2], [3]]);
  await endOne();
  expect(batches.at(-1)).toEqual([4, 5]);
  await endOne();
  expect(batches.at(-1)).toEqual([6]);
});

test("a batch is no heavier than it may be, but for one that is too heavy alone", async () => {
  const { add, batches, endOne } = gated({ most: 10, heaviest: 5 });
  for (const item of [2, 3, 1, 9, 4]) add(item);
  await turn();
  for (let end = 0; end < 4; end += 1) await endOne();
  expect(batches).toEqual([[2, 3], [1], [9], [4]]);
});

test("what is not wanted any more is not sent", async () => {
  const { add, keep, batches, endOne } = gated({ most: 10 });
  add(1);
  await turn();
  for (const item of [2, 3, 4]) add(item);
  keep((item) => item !== 3);
  await endOne();
  expect(batches).toEqual([[1], [2, 4]]);
});

const doubling = (faults: Record<number, string>, asked: number[][]) => async (some: readonly number[]) => {
  asked.push([...some]);
  const fault = some.map((one) => faults[one]).find((code) => code !== undefined);
  if (fault !== undefined) throw Object.assign(new Error("refused"), { code: fault });
  return some.map((one) => one * 2);
};

test.each(["22P05", "23505", "54001", "P0001"])("one that fails with %s fails alone", async (code) => {
  const asked: number[][] = [];
  const outcomes = await askTogether([1, 2, 3], doubling({ 2: code }, asked));
  expect(asked).toEqual([[1, 2, 3], [1], [2], [3]]);
  expect(outcomes).toMatchObject([{ value: 2 }, { status: "rejected", reason: { code } }, { value: 6 }]);
});

test.each(["57P01", "53300", "40001", ""])(
  "a fault of the database, %s, fails all, asked once",
  async (code) => {
    const asked: number[][] = [];
    const outcomes = await askTogether([1, 2], doubling({ 2: code }, asked));
    expect(asked).toEqual([[1, 2]]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  },
);
