import { createLogger } from "@headroom/platform/log";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pauseAfter, startLoop } from "./loops.ts";

const log = createLogger({ service: "test", level: "silent" });

test("a pause doubles with each failure, up to the longest, give or take a fifth", () => {
  const settings = fc.record({
    everyMs: fc.integer({ min: 1, max: 60_000 }),
    longestMs: fc.integer({ min: 1, max: 60_000 }),
  });
  const random = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(settings, fc.nat(50), random, (options, failures, chance) => {
      const ms = pauseAfter(failures, options, chance);
      const longest = Math.max(options.everyMs, options.longestMs);
      const middle = Math.min(options.everyMs * 2 ** failures, longest);
      expect(ms).toBeGreaterThanOrEqual(middle * 0.8);
      expect(ms).toBeLessThanOrEqual(middle * 1.2);
    }),
  );
});

test("rounds never overlap, go on after a failure, and end with stop", async () => {
  let running = 0;
  let rounds = 0;
  const enough = Promise.withResolvers<void>();
  const loop = startLoop({
    name: "test",
    everyMs: 1,
    longestMs: 1,
    log,
    round: async () => {
      running += 1;
      rounds += 1;
      expect(running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      if (rounds === 5) enough.resolve();
      if (rounds % 2 === 0) throw new Error("every other round fails");
    },
  });
  await enough.promise;
  await loop.stop();
  const atStop = rounds;
  expect(running).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(rounds).toBe(atStop);
});

test("stop does not wait for the pause to end", async () => {
  const first = Promise.withResolvers<void>();
  const loop = startLoop({ name: "test", everyMs: 60_000, log, round: async () => first.resolve() });
  await first.promise;
  const begun = performance.now();
  await loop.stop();
  expect(performance.now() - begun).toBeLessThan(1_000);
});
