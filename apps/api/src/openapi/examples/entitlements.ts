import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const here = { organizationId: ids.organization };

const raised = {
  kind: "daily_limit",
  name: "pages",
  value: 50_000,
  reason: "Migration week",
  setBy: "https://login.example.com|kim",
  setAt: times.now,
  expiresAt: times.nextMonth,
  inForce: true,
} as const;

export const entitlementExamples: ExamplesOf<"entitlements"> = {
  get: {
    input: here,
    output: {
      planId: "pro",
      planVersion: 1,
      displayName: "Pro",
      status: "active",
      source: "stripe",
      features: { support: "e-mail" },
      seats: { limit: 5, members: 2, pending: 0, used: 2, available: 3, overLimit: false },
      meters: [
        { meter: "pages", dailyLimit: 50_000, included: null, maxOverage: 0, hardCap: null },
        { meter: "jobs", dailyLimit: null, included: 100, maxOverage: 50, hardCap: 150 },
      ],
      validUntil: times.nextMonth,
      etag: "9pQ2mT4vX6zB8dF0hJ3lN5pR7tV9xZ1bD3fH5jL7nP0",
    },
  },
};

const moreSeats = { ...raised, kind: "seats" as const, name: null, value: 12, reason: "Audit team" };

/** Seats have no name. */
const ofSeats = "/organizations/{organization_id}/overrides/{kind}";

export const overrideExamples: ExamplesOf<"overrides"> = {
  list: { input: here, output: { overrides: [raised] } },
  set: {
    input: {
      ...here,
      kind: "daily_limit",
      name: "pages",
      value: 50_000,
      reason: "Migration week",
      expiresAt: times.nextMonth,
    },
    at: {
      [ofSeats]: {
        input: { ...here, kind: "seats", value: 12, reason: "Audit team", expiresAt: times.nextMonth },
        output: moreSeats,
      },
    },
    output: raised,
  },
  remove: {
    input: { ...here, kind: "daily_limit", name: "pages" },
    at: { [ofSeats]: { input: { ...here, kind: "seats" }, output: moreSeats } },
    output: raised,
  },
};
