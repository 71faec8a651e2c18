import { readFileSync } from "node:fs";
import { splitUnits } from "@headroom/domain/overage-lines";
import { expect, test } from "vitest";
import { createOverageBench } from "./testing/overage-bench.ts";

const text = readFileSync(new URL("../../../docs/overage.md", import.meta.url), "utf8");

test("the corrections of the page are what comes of them", async () => {
  const steps = /^```\n(use .*?)^```$/ms.exec(text)?.[1]?.trim().split("\n") ?? [];
  expect(steps).toHaveLength(9);
  const bench = await createOverageBench();
  try {
    const acme = await bench.subscriber();
    const events = new Map<string, string>();
    const told = async () => {
      const billed = await acme.billed();
      const waiting = (await acme.ledger()).filter(({ status }) => status === "pending");
      return [...billed, ...waiting.map((row) => ({ ...row, status: "waiting" }))]
        .map(({ status, quantity, amount }) => `${status}: ${quantity} = ${amount}`)
        .join("; ");
    };
    const acts: Record<string, (units: string) => Promise<unknown>> = {
      use: async (units) => events.set(units, await acme.take(Number(units))),
      void: (units) => acme.takeBack(events.get(units) ?? ""),
      renew: () => bench.advance("P1M"),
      finalize: () => bench.advance("PT3H"),
    };
    for (const step of steps) {
      const [, act = "", units = "", expected = ""] = /^(\w+) ?(\d*) *(.*)$/.exec(step) ?? [];
      await acts[act]?.(units);
      await bench.work();
      expect(await told(), step).toBe(expected);
    }
  } finally {
    await bench.close();
  }
}, 120_000);

test("its table of settled parts is the rule", () => {
  const rows = [...text.matchAll(/^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map((row) =>
    row.slice(1).map(Number),
  );
  expect(rows).toHaveLength(4);
  for (const [before = 0, total = 0, old, rest] of rows) {
    const count = (units: number, included: number) => ({
      total: units,
      included,
      hardCap: null,
      overCap: 0,
    });
    const segments = [{ count: count(before, 100), billAboveCap: false }];
    expect(splitUnits(count(total, 150), false, segments)).toEqual([old, rest]);
  }
});
