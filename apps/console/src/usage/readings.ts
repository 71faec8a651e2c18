import { daysBetween, localDate, type Projection, project } from "@headroom/react";
import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTRPC } from "../api.ts";
import { type Outputs, useOrganization } from "../organization.tsx";

export type MeterUsage = Outputs["usage"]["get"]["meters"][number];
export type HistoryDay = Outputs["usage"]["history"]["days"][number];
export type Explanation = Outputs["usage"]["explain"];

/** Counters are no events: they are asked for again and again. */
const counterMs = 2_000;
const historyMs = 15_000;
export const historyDays = 90;

/** Every meter's counters, at most two seconds old. */
export function useUsage() {
  const { id: organizationId } = useOrganization();
  return useQuery(useTRPC().usage.get.queryOptions({ organizationId }, { refetchInterval: counterMs }));
}

/** Usage a day, of every meter. */
export function useHistory() {
  const { id: organizationId } = useOrganization();
  return useQuery(
    useTRPC().usage.history.queryOptions(
      { organizationId, days: historyDays },
      { refetchInterval: historyMs },
    ),
  );
}

/** What is behind each meter's period, without its events: terms of overage, and the server's own time. */
export function useExplanations(meters: readonly MeterUsage[]): ReadonlyMap<string, Explanation> {
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  return useQueries({
    queries: meters.map(({ meter }) =>
      trpc.usage.explain.queryOptions(
        { organizationId, meter, window: "period", limit: 1 },
        { refetchInterval: historyMs },
      ),
    ),
    combine: (results) =>
      new Map(results.flatMap(({ data }) => (data === undefined ? [] : [[data.meter, data] as const]))),
  });
}

/** Asks for the rest again when the counters say that something else has changed: a new day, another plan or cap. */
export function useFollowCounters(meters: readonly MeterUsage[]): void {
  const trpc = useTRPC();
  const queries = useQueryClient();
  const state = meters
    .map((one) => [one.windows.day.resetsAt, one.periodEnd, one.planId, one.planVersion, one.hardCap].join())
    .join(";");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `state` is what is followed
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: trpc.usage.explain.pathKey() });
    void queries.invalidateQueries({ queryKey: trpc.usage.history.pathKey() });
    void queries.invalidateQueries({ queryKey: trpc.billing.get.pathKey() });
  }, [state, queries, trpc]);
}

/** The organization's time: the sandbox's clock can be days ahead of this computer's. */
export function serverNow(meter: MeterUsage): Date {
  const end = Date.parse(meter.windows.day.resetsAt);
  const ahead = end - Date.now();
  const longestDay = 25 * 3_600_000;
  // The server's day does not have this computer's time in it: its clock is another, and of its day the noon will do.
  return new Date(ahead > 0 && ahead <= longestDay ? Date.now() : end - longestDay / 2);
}

/** One meter's days, with the counters' own number for today. */
export function daysOf(history: readonly HistoryDay[], meter: MeterUsage) {
  return history.map(({ date, meters }, index) => {
    const used = meters.find((one) => one.meter === meter.meter)?.used ?? 0;
    return { date, used: index === history.length - 1 ? Math.max(used, meter.dailyUsed) : used };
  });
}

/** Where a meter's period stands and where it is going. */
export type Outlook = {
  now: Date;
  /** Days until the period ends. */
  left: number;
  /** The period's first and last local date. */
  period: { from: string; to: string };
  projection: Projection | null;
};

export function outlookOf(
  days: readonly { date: string; used: number }[],
  meter: MeterUsage,
  now: Date,
  timeZone: string,
): Outlook {
  const left = Math.max(0, daysBetween(now, meter.periodEnd));
  const lastInstant = new Date(Date.parse(meter.periodEnd) - 1);
  const todayShare = 1 - Math.min(1, Math.max(0, daysBetween(now, meter.windows.day.resetsAt)));
  return {
    now,
    left,
    period: { from: localDate(meter.periodStart, timeZone), to: localDate(lastInstant, timeZone) },
    projection: project({ days, todayShare, used: meter.windows.period.used, left }),
  };
}
