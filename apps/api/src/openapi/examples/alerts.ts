import { ids, times } from "./ids.ts";
import type { ExamplesOf } from "./types.ts";

const here = { organizationId: ids.organization };

const alert = {
  id: ids.alert,
  organizationId: ids.organization,
  meter: "jobs",
  window: "period" as const,
  units: null,
  percent: 80,
  of: "included" as const,
  threshold: 80,
  lastFiring: null,
  createdAt: times.founded,
};

const fired = { firedAt: times.now, used: 81, threshold: 80, windowStart: times.monthStart };

export const alertExamples: ExamplesOf<"alerts"> = {
  list: {
    input: { ...here, limit: 50 },
    output: { alerts: [{ ...alert, lastFiring: fired }], nextCursor: null },
  },
  create: { input: { ...here, meter: "jobs", window: "period", percent: 80, of: "included" }, output: alert },
  delete: { input: { ...here, alertId: ids.alert }, output: alert },
};
