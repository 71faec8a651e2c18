import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readBillingHealth } from "./billing-health.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import { createOverageBench, type OverageBench, type Subscriber } from "./testing/overage-bench.ts";
import { readUnbilledPeriods } from "./unbilled-periods.ts";

let bench: OverageBench;
let acme: Subscriber;
beforeEach(async () => {
  bench = await createOverageBench({ settling: false });
  acme = await bench.subscriber();
});
afterEach(() => bench?.close());

const shadow = () => bench.restart({ live: false, liveFrom: null });
const live = (liveFrom: string | null = null) => bench.restart({ live: true, liveFrom });
const unbilled = async () => (await readUnbilledPeriods(bench.worker, 10)).periods;
const signals = async () => {
  const { signals: all, readings } = await readBillingHealth(bench.worker);
  const [unsettled, never, waiting] = ["periods_unsettled", "periods_unbilled", "lines_waiting"].map(
    (wanted) => {
      const found = all.find(({ name }) => name === wanted);
      return `${found?.state} ${found?.count}`;
    },
  );
  return { live: readings.live, unsettled, never, waiting };
};
const month = (months: number) =>
  bench.rows("update headroom.dev_clock set clock_offset = make_interval(months => $1, mins => 46)", months);

test("live, shadow and live again within a period: what will not be billed is named, until liveFrom says otherwise", async () => {
  await acme.take(130);
  expect(await unbilled()).toEqual([]);
  expect(await signals()).toEqual({ live: true, unsettled: "ok 0", never: "ok 0", waiting: "ok 0" });

  await shadow();
  const named = {
    organizationId: expect.stringMatching(/^org_/),
    meter: "jobs",
    state: "open",
    quantity: 30,
    amount: 75,
    currency: "usd",
  };
  expect(await unbilled()).toMatchObject([named]);
  expect(await signals()).toEqual({ live: false, unsettled: "ok 0", never: "ok 1", waiting: "ok 0" });

  const warn = vi.spyOn(bench.worker.log, "warn");
  await live();
  expect(await unbilled()).toMatchObject([named]);
  expect(await signals()).toMatchObject({ live: true, never: "warning 1" });
  const [period] = await unbilled();
  expect(warn).toHaveBeenCalledWith(
    { liveFrom: expect.any(String), periods: [period] },
    expect.stringContaining("will not be billed"),
  );
  // At every start, not at the switch alone.
  warn.mockClear();
  await live();
  expect(warn).toHaveBeenCalledTimes(1);

  warn.mockClear();
  await live("2026-01-01T00:00:00Z");
  expect(await unbilled()).toEqual([]);
  expect(await signals()).toMatchObject({ never: "ok 0" });
  expect(warn.mock.calls.filter(([, text]) => String(text).includes("will not be billed"))).toEqual([]);
  await month(1);
  await bench.work();
  expect((await acme.ledger()).map(({ status }) => status)).not.toContain("shadow");
});

test("a period that was closed in the shadow is named when billing is live again, and nothing is sent for it", async () => {
  await acme.take(130);
  await shadow();
  await month(1);
  expect(await unbilled()).toMatchObject([{ state: "open", quantity: 30 }]);
  await closeDuePeriods(bench.worker);
  await live("2026-01-01T00:00:00Z");
  expect(await unbilled()).toMatchObject([{ state: "closed", quantity: 30, amount: 75 }]);
  expect(await signals()).toMatchObject({ never: "ok 0", unsettled: "ok 0" });
  await bench.work();
  expect(await acme.ledger()).toMatchObject([{ amount: 75, status: "shadow" }]);
  await month(3);
  expect(await unbilled()).toEqual([]);
});

test("a line that was made before the shadow waits for it, which is told as that, and is sent when billing is live", async () => {
  await acme.take(130);
  await month(1);
  await closeDuePeriods(bench.worker);
  await month(2);
  expect(await signals()).toMatchObject({ unsettled: "alert 1", waiting: "ok 0" });
  await shadow();
  expect(await signals()).toEqual({ live: false, unsettled: "ok 0", never: "ok 0", waiting: "warning 1" });
  expect(await reportOverage(bench.worker)).toEqual({ sent: 0, waiting: 0, failed: 0 });
  await live();
  expect(await signals()).toMatchObject({ live: true, unsettled: "alert 1", waiting: "ok 0" });
  expect(await acme.ledger()).toMatchObject([{ amount: 75, status: "pending" }]);
});
