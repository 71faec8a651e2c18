import { parseCronItems } from "graphile-worker";
import { expect, test } from "vitest";
import { crontab } from "./crontab.ts";

test("every line is one graphile-worker understands, and ticks never pile up", () => {
  for (const { task, options } of parseCronItems(crontab)) {
    expect(options).toMatchObject({ jobKey: `tick:${task}`, maxAttempts: 1, backfillPeriod: 0 });
  }
});
