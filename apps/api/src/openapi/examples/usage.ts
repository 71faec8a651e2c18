import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const pagesToday = {
  windows: {
    day: { used: 420, held: 0, limit: 10_000, resetsAt: times.tomorrow },
    period: { used: 8_200, held: 0, limit: null, resetsAt: times.nextMonth },
  },
  included: null,
  overage: 0,
  maxOverage: null,
  hardCap: null,
  remaining: 9_580,
};

const jobsToday = {
  windows: {
    day: { used: 3, held: 0, limit: null, resetsAt: times.tomorrow },
    period: { used: 64, held: 0, limit: 600, resetsAt: times.nextMonth },
  },
  included: 100,
  overage: 0,
  maxOverage: 500,
  hardCap: 600,
  remaining: 536,
};

const ofPlan = { planId: "pro", planVersion: 1, periodStart: times.monthStart, periodEnd: times.nextMonth };

const pages = {
  meter: "pages",
  dailyUsed: 420,
  dailyLimit: 10_000,
  monthlyUsed: 8_200,
  monthlyLimit: null,
  ...ofPlan,
  ...pagesToday,
};

const jobs = {
  meter: "jobs",
  dailyUsed: 3,
  dailyLimit: null,
  monthlyUsed: 64,
  monthlyLimit: 600,
  ...ofPlan,
  ...jobsToday,
};

export const meters = [pages, jobs];

const event = {
  meter: "jobs",
  quantity: 1,
  idempotencyKey: "job-7f3a9b4c",
  memberId: ids.admin,
  properties: { source: "nightly" },
};

const held = {
  ...jobsToday,
  windows: {
    day: { ...jobsToday.windows.day, held: 20 },
    period: { ...jobsToday.windows.period, held: 20 },
  },
  remaining: 516,
};

const reservation = {
  id: ids.reservation,
  status: "held" as const,
  meter: "jobs",
  quantity: 20,
  expiresAt: times.soon,
};

export const usageExamples: ExamplesOf<"usage"> = {
  reserve: {
    input: { organizationId: ids.organization, ...event, quantity: 20, ttlSeconds: 600 },
    output: {
      allowed: true,
      reason: null,
      retryAfterSeconds: null,
      duplicate: false,
      reservation,
      ...held,
    },
  },
  commit: {
    input: {
      organizationId: ids.organization,
      reservationId: ids.reservation,
      quantity: 17,
      idempotencyKey: "commit-7f3a9b4c",
    },
    output: {
      allowed: true,
      reason: null,
      retryAfterSeconds: null,
      duplicate: false,
      windowEnded: false,
      acceptedQuantity: 17,
      overCapQuantity: 0,
      afterExpiry: false,
      eventId: ids.usageEvent,
      ...jobsToday,
    },
  },
  release: {
    input: { organizationId: ids.organization, reservationId: ids.reservation },
    output: { reservation: { ...reservation, status: "released" }, ...jobsToday },
  },
  reservations: {
    input: { organizationId: ids.organization, meter: "jobs", limit: 50 },
    output: {
      reservations: [
        {
          id: ids.reservation,
          meter: "jobs",
          quantity: 20,
          memberId: ids.admin,
          reservedAt: times.now,
          expiresAt: times.soon,
        },
      ],
      nextCursor: null,
    },
  },
  void: {
    input: { organizationId: ids.organization, eventId: ids.usageEvent },
    output: {
      eventId: ids.voidEvent,
      voidedEventId: ids.usageEvent,
      meter: "jobs",
      quantity: 1,
      duplicate: false,
      ...jobsToday,
    },
  },
  consume: {
    input: { organizationId: ids.organization, ...event, mode: "reject" },
    output: {
      allowed: true,
      reason: null,
      retryAfterSeconds: null,
      acceptedQuantity: 1,
      overCapQuantity: 0,
      eventId: ids.usageEvent,
      duplicate: false,
      ...jobsToday,
    },
  },
  record: {
    input: { organizationId: ids.organization, events: [{ ...event, occurredAt: times.now }] },
    output: { results: [{ status: "recorded", eventId: ids.usageEvent, overCapQuantity: 0 }] },
  },
  check: {
    input: { organizationId: ids.organization, meter: "jobs", quantity: 10 },
    output: { allowed: true, reason: null, ...jobsToday },
  },
  get: { input: { organizationId: ids.organization }, output: { usage: pages, meters } },
  history: {
    input: { organizationId: ids.organization, days: 1, meter: "jobs" },
    output: {
      days: [
        {
          date: "2026-03-10",
          meters: [
            {
              meter: "jobs",
              used: 3,
              members: [
                { userId: ids.admin, used: 2 },
                { userId: null, used: 1 },
              ],
            },
          ],
        },
      ],
    },
  },
};
