import { expect, test } from "vitest";
import { type BillingSignals, healthSignalNames, judgeBilling, worstState } from "./billing-health.ts";

const hour = 3_600;
const day = 24 * hour;

const quiet: BillingSignals = {
  pending: 0,
  oldestPendingSeconds: 0,
  unlinked: 0,
  unknownPrice: 0,
  unknownStatus: 0,
  oldestParkedSeconds: 0,
  dead: 0,
  quarantined: 0,
  drift: 0,
  driftedAgo: null,
  failing: 0,
  backfill: { ago: hour, listed: 4, kept: 0 },
  live: true,
  waitingLines: 0,
  oldestWaitingSeconds: 0,
  unbilled: 0,
  unsettled: 0,
  oldestUnsettledSeconds: 0,
  heldInvoices: 0,
  oldestHeldSeconds: 0,
  ambiguousPushes: 0,
  oldestAmbiguousSeconds: 0,
  rejectedPushes: 3,
  rejectedAgo: 2 * day,
  disputes: 0,
  oldestDisputeSeconds: 0,
  ledger: { ago: hour, differences: 0 },
  usage: { ago: hour, differences: 0 },
};

test("quiet is ok, in the order of the names", () => {
  const judged = judgeBilling(quiet, true);
  expect(judged.map(({ name }) => name)).toEqual([...healthSignalNames]);
  expect(new Set(judged.map(({ state }) => state))).toEqual(new Set(["ok"]));
});

test.each<[string, Partial<BillingSignals>, Record<string, string>]>([
  [
    "work on its way",
    { pending: 3, oldestPendingSeconds: 299, unsettled: 2, oldestUnsettledSeconds: 299 },
    {},
  ],
  ["an event that waits too long", { pending: 1, oldestPendingSeconds: 301 }, { events_waiting: "alert" }],
  ["a disputed payment", { disputes: 1, oldestDisputeSeconds: 3 * day }, { disputes: "warning" }],
  ["one for three days", { disputes: 1, oldestDisputeSeconds: 3 * day + 1 }, { disputes: "alert" }],
  ["a parked event", { unlinked: 1, oldestParkedSeconds: day }, { events_parked: "warning" }],
  ["one for more than a day", { unknownPrice: 1, oldestParkedSeconds: day + 1 }, { events_parked: "alert" }],
  ["a status that nobody knows", { unknownStatus: 1 }, { events_parked: "warning" }],
  [
    "a meter event without an answer",
    { ambiguousPushes: 1, oldestAmbiguousSeconds: 26 * hour },
    { pushes_ambiguous: "warning" },
  ],
  [
    "one whose invoice must be final by now",
    { ambiguousPushes: 1, oldestAmbiguousSeconds: 26 * hour + 1 },
    { pushes_ambiguous: "alert" },
  ],
  ["a meter event that does not count", { rejectedAgo: 2 * day - 1 }, { pushes_rejected: "warning" }],
  ["a dead event", { dead: 1 }, { events_dead: "alert" }],
  ["an event of the other mode", { quarantined: 1 }, { events_quarantined: "warning" }],
  ["a customer that cannot be compared", { failing: 1 }, { customers_failing: "warning" }],
  ["drift of today", { drift: 1, driftedAgo: day - 1 }, { drift: "warning" }],
  ["drift of another day", { drift: 9, driftedAgo: day }, {}],
  ["a backfill long ago", { backfill: { ago: 3 * hour + 1, listed: 0, kept: 0 } }, { backfill: "warning" }],
  ["no backfill", { backfill: null }, { backfill: "warning" }],
  ["a period that is late", { unsettled: 1, oldestUnsettledSeconds: 301 }, { periods_unsettled: "warning" }],
  [
    "a period that is very late",
    { unsettled: 1, oldestUnsettledSeconds: 1_801 },
    { periods_unsettled: "alert" },
  ],
  ["a held invoice", { heldInvoices: 1, oldestHeldSeconds: 12 * hour }, { invoices_held: "warning" }],
  [
    "one that is about to be finalized",
    { heldInvoices: 1, oldestHeldSeconds: 12 * hour + 1 },
    { invoices_held: "alert" },
  ],
  [
    "in the shadow, periods that nobody bills and drafts that nobody gives back",
    { live: false, unbilled: 3, heldInvoices: 1, oldestHeldSeconds: 2 * day },
    {},
  ],
  [
    "in the shadow, lines from before it",
    { live: false, waitingLines: 1, oldestWaitingSeconds: 30 * day },
    { lines_waiting: "warning" },
  ],
  ["live, a period that nobody bills", { unbilled: 1 }, { periods_unbilled: "warning" }],
  ["a difference", { ledger: { ago: 1, differences: 1 } }, { ledger: "alert" }],
  ["one, seen long ago", { ledger: { ago: 3 * day, differences: 1 } }, { ledger: "alert" }],
  ["a ledger that nobody compares", { ledger: { ago: 2 * day + 1, differences: 0 } }, { ledger: "warning" }],
  ["no comparison yet", { ledger: null, usage: null }, {}],
  ["a counter that is not its recount", { usage: { ago: 1, differences: 2 } }, { usage: "alert" }],
])("%s", (_, reading, expected) => {
  const judged = judgeBilling({ ...quiet, ...reading }, true);
  const off = judged.filter(({ state }) => state !== "ok").map(({ name, state }) => [name, state]);
  expect(Object.fromEntries(off)).toEqual(expected);
  const states = Object.values(expected);
  expect(worstState(judged)).toBe(states.includes("alert") ? "alert" : (states[0] ?? "ok"));
});

test("without Stripe nothing of it is late", () => {
  const judged = judgeBilling({ ...quiet, backfill: null }, false);
  expect(worstState(judged)).toBe("ok");
});
