import { readFileSync } from "node:fs";
import path from "node:path";
import { runInNewContext } from "node:vm";
import { subscriptionLimits } from "@headroom/domain/stripe-limits";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seatDebounce } from "./seat-sync.ts";
import { createSeatBench, type SeatBench } from "./testing/seat-bench.ts";

const page = readFileSync(path.join(import.meta.dirname, "../../../docs/seats.md"), "utf8");
const [, example = ""] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
/** Policy, and what its row says in cents. */
const rows = [...page.matchAll(/^\| `(\w+)` \| (-?[\d.]+) \| (-?[\d.]+) \| (-?[\d.]+) \|/gm)].map(
  ([, proration = "", ...amounts]) =>
    [proration, ...amounts.map((text) => Math.round(Number(text) * 100))] as const,
);

let bench: SeatBench;
beforeAll(async () => {
  bench = await createSeatBench(runInNewContext(`({ ${example} }).seats`));
});
afterAll(() => bench?.close());

test("the page tells of all four policies", () => {
  expect(rows.map(([proration]) => proration)).toEqual(["next_invoice", "now", "none", "high_water"]);
});

test.each(rows)("%s costs what the page says", async (proration, joined, left, renewed) => {
  const team = await bench.team(`team_${proration}`, { others: 3 });
  const invoices = async () =>
    (await bench.stripe.invoices.list({ customer: team.customerId, limit: 100 })).data;
  /** What an invoice of this step says; without one nothing is to be paid. */
  const step = async (members: number) => {
    const before = (await invoices()).length;
    await bench.others(team, members - 1);
    await bench.push();
    expect(await bench.seats(team)).toBe(members - 2);
    return (await invoices()).slice(0, -before).reduce((sum, { total }) => sum + total, 0);
  };
  expect((await invoices()).map(({ total }) => total)).toEqual([2_000]);
  expect([await step(6), await step(5)]).toEqual([joined, left]);
  await bench.advance("P32D");
  expect((await invoices())[0]).toMatchObject({ billing_reason: "subscription_cycle", amount_due: renewed });
});

test("the page's pauses and limits are those of the code", () => {
  const { updatesAnHour, invoicesAMinute, invoicesADay } = subscriptionLimits;
  expect(page).toContain(
    `after ${seatDebounce.quietMs / 1000} s without another change, and at the latest ${seatDebounce.longestMs / 1000} s`,
  );
  expect(page).toContain(`keeps to ${invoicesAMinute}, ${invoicesADay} and ${updatesAnHour},`);
});
