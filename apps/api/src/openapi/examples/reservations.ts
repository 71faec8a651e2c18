import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

export const jobsToday = {
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

export const meteredEvent = {
  meter: "jobs",
  quantity: 1,
  idempotencyKey: "job-7f3a9b4c",
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

const voided = {
  eventId: ids.voidEvent,
  voidedEventId: ids.usageEvent,
  meter: "jobs",
  quantity: 1,
  duplicate: false,
  ...jobsToday,
};

type Examples = Pick<ExamplesOf<"usage">, "reserve" | "commit" | "release" | "reservations" | "void">;

/** Under `usage`: holds, and taking events back. */
export const reservationExamples: Examples = {
  reserve: {
    input: { organizationId: ids.organization, ...meteredEvent, quantity: 20, ttlSeconds: 600 },
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
    output: voided,
    at: {
      "/usage/void": {
        input: {
          organizationId: ids.organization,
          meter: meteredEvent.meter,
          idempotencyKey: meteredEvent.idempotencyKey,
        },
        output: voided,
      },
    },
  },
};
