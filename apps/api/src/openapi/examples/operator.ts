import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const here = { organizationId: ids.organization };

const organization = {
  id: ids.organization,
  name: "Acme",
  slug: "acme",
  owner: { name: "Ada Lovelace", email: "ada@acme.example.com" },
  createdAt: times.founded,
  plan: { id: "pro", version: 1, displayName: "Pro" },
  status: "active",
  source: "stripe",
  seats: { limit: 5, members: 2, pending: 0, used: 2, available: 3, overLimit: false },
  monthlyRevenue: { amount: 2900, currency: "usd" },
  usage: { meter: "pages", window: "period", used: 4_100, limit: 10_000, share: 0.41 },
  lastEvent: { type: "customer.subscription.updated", receivedAt: times.now, appliedAt: times.now },
  attention: null,
} as const;

const assigned = {
  state: "running",
  planId: "enterprise",
  planVersion: 1,
  start: times.now,
  until: times.nextMonth,
  reason: "Contract 4711",
  setBy: "https://login.example.com|kim",
  setAt: times.now,
} as const;

export const operatorExamples: ExamplesOf<"operator"> = {
  billingHealth: {
    input: {},
    output: {
      state: "warning",
      signals: [
        { name: "events_waiting", state: "ok", count: 2, seconds: 0.4 },
        { name: "events_parked", state: "warning", count: 1, seconds: 5_400 },
        { name: "ledger", state: "ok", count: 0, seconds: 28_800 },
      ],
      live: true,
      unbilled: { count: 0, periods: [] },
    },
  },
  organizations: {
    input: { search: "acme", limit: 50 },
    output: { organizations: [organization], nextCursor: null },
  },
  organization: {
    input: here,
    output: {
      organization,
      assignments: [],
      stripe: {
        customerId: "cus_R1a2b3c4d5",
        subscriptionId: "sub_1Qa2b3c4d5",
        status: "active",
        pausedFor: null,
        syncedAt: times.now,
        lastError: null,
        drift: null,
        lastEvents: [
          {
            id: "evt_1Qa2b3c4d5",
            type: "customer.subscription.updated",
            status: "applied",
            reason: null,
            attempts: 0,
            error: null,
            createdAt: times.now,
            receivedAt: times.now,
            appliedAt: times.now,
          },
        ],
      },
    },
  },
  assignPlan: {
    input: { ...here, planId: "enterprise", version: 1, until: times.nextMonth, reason: "Contract 4711" },
    output: { changed: true, previous: [], assignments: [assigned] },
  },
  removePlan: {
    input: { ...here, reason: "Contract ended" },
    output: { changed: true, previous: [assigned], assignments: [] },
  },
  resync: {
    input: here,
    output: { changed: true, changes: [{ fact: "state", before: "past_due", after: "active" }] },
  },
};
