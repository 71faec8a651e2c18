import { ids, times } from "./ids.ts";
import { meteredEvent as event, jobsToday, reservationExamples } from "./reservations.ts";
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

const day = {
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
};

const plan = { id: "pro", version: 1 };

const limits = [
  {
    limit: "included" as const,
    value: 100,
    rule: { code: "plan" as const, text: "Plan pro version 1 includes 100 units a period." },
    until: null,
    setting: null,
  },
  {
    limit: "max_overage" as const,
    value: 500,
    rule: {
      code: "organization_cents" as const,
      text: "The organization allows itself 1250 minor units of money: floor(1250 / 2.5) = 500 units.",
    },
    until: null,
    setting: { units: null, cents: 1250, unitPrice: "2.5" },
  },
  {
    limit: "hard_cap" as const,
    value: 600,
    rule: { code: "included_and_max_overage" as const, text: "100 included + 500 max overage = 600." },
    until: null,
    setting: null,
  },
];

export const usageExamples: ExamplesOf<"usage"> = {
  ...reservationExamples,
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
    output: { days: [day] },
  },
  export: {
    input: { organizationId: ids.organization, days: 1, meter: "jobs", memberId: ids.admin },
    output: {
      days: [{ ...day, meters: [{ meter: "jobs", used: 2, members: [{ userId: ids.admin, used: 2 }] }] }],
    },
  },
  explain: {
    input: { organizationId: ids.organization, meter: "jobs", limit: 1 },
    output: {
      meter: "jobs",
      at: times.now,
      window: {
        kind: "period",
        state: "running",
        start: times.monthStart,
        end: times.nextMonth,
        timeZone: "UTC",
        date: null,
        previousStart: null,
        rule: {
          code: "stripe_period",
          text: "Stripe's period, which is month 1 of the subscription, 0 months after its anchor.",
        },
        monthsAfterAnchor: 0,
      },
      plan: {
        ...plan,
        rule: { code: "subscription", text: "The subscription is active and has this plan." },
        until: null,
      },
      counter: { used: 64, held: 0, overCap: 0, carried: 0, late: 0, voided: 0, events: 42 },
      recount: { used: 64, held: 0, agrees: true },
      limits,
      line: {
        total: 64,
        included: 100,
        overCap: 0,
        quantity: 0,
        unitPrice: "2.5",
        currency: "usd",
        amount: 0,
        rule: { code: "nothing_over", text: "64 of 100 included units: nothing is above them." },
        overageId: null,
        status: null,
        stripeInvoiceId: null,
        entries: [],
      },
      eventsKeptSince: "2026-02-01",
      complete: true,
      events: [
        {
          eventId: ids.usageEvent,
          quantity: 1,
          mode: "reject",
          memberId: ids.admin,
          occurredAt: times.now,
          receivedAt: times.now,
          localDate: "2026-03-10",
          periodStart: times.monthStart,
          overCap: 0,
          carried: false,
          voids: null,
          idempotencyKey: event.idempotencyKey,
          properties: event.properties,
        },
      ],
      tallies: [],
      nextCursor: "MTc3MzE0NTgwMDAwMDAwMA",
    },
  },
};
