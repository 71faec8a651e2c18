import { expect, test } from "vitest";
import { shareWhileRunning } from "./renewal.ts";

test("does the work once for all who ask while it runs, and again for the next", async () => {
  let done = 0;
  const ask = shareWhileRunning(async () => {
    await Promise.resolve();
    done += 1;
    if (done === 2) throw new Error("refused");
    return done;
  });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  await expect(Promise.all([ask(), ask()])).rejects.toThrow("refused");
  expect(await ask()).toBe(3);
});
