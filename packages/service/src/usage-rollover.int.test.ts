import { usageRequest } from "@headroom/db/testing/usage-requests";
import { consumeUsage } from "@headroom/db/usage";
import type { UsageOutcome } from "@headroom/db/usage-requests";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openUsageBench, pro, type UsageBench } from "./testing/usage-bench.ts";

let bench: UsageBench;
beforeAll(async () => {
  bench = await openUsageBench();
});
afterAll(() => bench.end());

const callers = 16;
/** Enough for each organization to fill its day, and to be refused. */
const answersAJump = 40;
const hour = 3_600_000;

interface Taken {
  organization: string;
  outcome: Extract<UsageOutcome, { gate: unknown }>;
}

/** Events of one pool of connections, each call a batch of one to three organizations, until it is told to stop. */
async function hammer(
  organizations: readonly { id: string; credential: Buffer }[],
  seen: Taken[],
  running: () => boolean,
): Promise<void> {
  while (running()) {
    const several = organizations.filter(() => Math.random() < 0.6);
    const requests = several.map(({ credential }) => request(credential));
    const outcomes = await consumeUsage(bench.world.context.db, requests);
    outcomes.forEach((outcome, index) => {
      expect(["accepted", "daily_limit", "hard_cap"]).toContain(outcome.outcome);
      seen.push({ organization: several[index]?.id ?? "", outcome: outcome as Taken["outcome"] });
    });
  }
}

const request = (credential: Buffer) =>
  usageRequest(credential, { meter: "jobs", mode: "cap", quantity: 1 + Math.floor(Math.random() * 8) });

test("while days and periods turn under load, every window is full and none is over, and each event is in one of each", async () => {
  const [day, cap] = [40, 170];
  await bench.world.scratch.admin.query(
    "update headroom.plan_meter set daily_limit = $1, included = $2 where meter = 'jobs' and plan_id = 'pro'",
    [day, cap - 50],
  );
  const anchor = "2028-01-30T14:37:00.000Z";
  await bench.setClock(anchor);
  const zones = ["America/New_York", "America/Havana", "Pacific/Apia", "Asia/Kolkata"];
  const metered = await Promise.all(zones.map((timeZone) => bench.metered({ timeZone })));
  const organizations: { id: string; credential: Buffer }[] = [];
  for (const { id, subscribe } of metered) {
    await subscribe(pro(anchor, "2028-02-29T14:37:00Z"), anchor);
    organizations.push({ id, credential: await bench.world.make.key(id) });
  }
  const seen: Taken[] = [];
  let running = true;
  const load = Promise.all(Array.from({ length: callers }, () => hammer(organizations, seen, () => running)));
  // Over midnights, the ends of two periods, 29 February, and the 23 hours of New York's and Havana's twelfth of March.
  let at = Date.parse("2028-02-27T20:00:00Z");
  const jumps = [2, 9, 9, 9, 9, 4, 20, 9, 9, 9 * 24, 6, 6, 6, 6, 6, 6, 6, 16 * 24, 9, 9, 9, 9, 9];
  for (const hours of jumps) {
    at += hours * hour;
    await bench.setClock(at);
    const before = seen.length;
    await expect
      .poll(() => seen.length - before, { interval: 5, timeout: 20_000 })
      .toBeGreaterThan(answersAJump);
    await bench.close();
  }
  running = false;
  await load;
  for (const { id, verify } of metered) {
    const { rows } = await bench.world.scratch.admin.query(
      `select local_date::text as date, period_start, quantity::int, day_used::int, period_used::int, day_end, period_end,
         occurred_at
       from headroom.usage_event where organization_id = $1`,
      [id],
    );
    const accepted = seen.filter((one) => one.organization === id && one.outcome.outcome === "accepted");
    expect(rows).toHaveLength(accepted.length);
    const days = Map.groupBy(rows, (row) => row.date);
    const periods = Map.groupBy(rows, (row) => row.period_start.toISOString());
    expect(days.size).toBeGreaterThan(6);
    expect([...periods.keys()].sort()).toEqual(
      ["2028-02-29T14:37:00.000Z", "2028-03-30T14:37:00.000Z", anchor].sort(),
    );
    for (const [windows, limit, used, end] of [
      [days, day, "day_used", "day_end"],
      [periods, cap, "period_used", "period_end"],
    ] as const) {
      for (const events of windows.values()) {
        const sum = events.reduce((total, event) => total + event.quantity, 0);
        expect(sum).toBeLessThanOrEqual(limit);
        // Every answer told the window as it then stood: one count for each event, up to the sum.
        expect(Math.max(...events.map((event) => event[used]))).toBe(sum);
        expect(new Set(events.map((event) => event[used])).size).toBe(events.length);
        expect(new Set(events.map((event) => event[end].getTime())).size).toBe(1);
        expect(events.every((event) => event.occurred_at < event[end])).toBe(true);
      }
    }
    for (const { organization, outcome } of seen) {
      if (organization !== id || outcome.outcome === "accepted") continue;
      // `cap` takes what fits: who got nothing met a window that had nothing left.
      const { dayUsed, dailyLimit, periodUsed, hardCap } = outcome.gate;
      expect(Math.min((dailyLimit ?? 0) - dayUsed, (hardCap ?? 0) - periodUsed)).toBe(0);
    }
    await verify();
  }
  await bench.close();
  const { rows: wrong } = await bench.world.scratch.admin.query(
    `select p.organization_id, p.period_start, p.total, coalesce(sum(e.quantity), 0) as counted
     from headroom.usage_period p left join headroom.usage_event e on e.organization_id = p.organization_id
       and e.meter = p.meter and e.period_start = p.period_start
     where p.closed_at is not null group by 1, 2, 3 having p.total <> coalesce(sum(e.quantity), 0)`,
  );
  expect(wrong).toEqual([]);
}, 120_000);
