import { sweepCustomers } from "../../customer-sweeps.ts";
import { sweepInbox } from "../../customer-sync.ts";
import { closeDuePeriods, reportOverage } from "../../overage-reporting.ts";
import { syncSeats } from "../../seat-sync.ts";
import type { StripeBench } from "../stripe-bench.ts";

/** What the worker does by itself, but for what waits in the inbox. */
export async function work(bench: StripeBench): Promise<void> {
  await bench.rows(
    "update headroom.overage set next_attempt_at = now() where status in ('pending', 'metered')",
  );
  await closeDuePeriods(bench.worker);
  while ((await reportOverage(bench.worker)).sent > 0) {
    // A hundred at a time.
  }
}

/** Whatever came is applied, and every customer is compared with Stripe. */
export async function sweep(bench: StripeBench): Promise<void> {
  const { worker } = bench;
  const pace = { most: 10_000, forMs: 3_600_000, everyMs: 0 };
  await applyAll(bench);
  await sweepCustomers(worker, pace);
  for (let rounds = 0; rounds < 4; rounds += 1) {
    await bench.rows("update headroom.seat_target set not_before = null");
    await syncSeats(worker, { quietMs: 0, longestMs: 0 });
    await work(bench);
  }
}

/** Applies whatever has come. */
export async function applyAll({ worker }: StripeBench): Promise<void> {
  while ((await sweepInbox(worker)).customers > 0) {
    // Fifty at a time.
  }
}
