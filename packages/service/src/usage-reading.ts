import { listSegments, type SegmentRow } from "@headroom/db/closed-periods";
import { type DailyUsage, readDailyUsage } from "@headroom/db/tallies";
import { withOrganization } from "@headroom/db/tenancy";
import { type MeterStatus, readUsageStatus } from "@headroom/db/usage-readings";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { splitUnits } from "@headroom/domain/overage-lines";
import { datesUntil, firstOfMonth } from "@headroom/domain/time";
import { type Headroom, headroomOf } from "@headroom/domain/usage";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { toSegment } from "./overage-rating.ts";

type Context = Pick<ServiceContext, "db" | "configuration">;

export interface MeterUsage extends Headroom {
  meter: string;
  dailyUsed: number;
  dailyLimit: number | null;
  /** Units in the window that `usage.window` names: the period, or the calendar month. */
  monthlyUsed: number;
  monthlyLimit: number | null;
  planId: string;
  planVersion: number;
  periodStart: string;
  periodEnd: string;
}

export interface UsageView {
  /** The default meter. */
  usage: MeterUsage;
  meters: MeterUsage[];
}

/**
 * An organization's usage now, of every meter. Always fresh: a read after a consume sees it.
 * @param known how its meters stand, when that was found with the actor (`usageFoundWith`)
 */
export async function getUsage(
  context: Context,
  access: Access,
  known?: readonly MeterStatus[],
): Promise<UsageView> {
  const statuses = known ?? (await readUsageStatus(context.db, access.organizationId));
  const months = await calendarMonths(context, access, statuses);
  const segments = await settledSegments(context, access);
  const meters = statuses.map((status) => toMeterUsage(status, months?.get(status.meter), segments));
  const usage = meters.find((one) => one.meter === context.configuration.defaultMeter);
  if (!usage) {
    throw new Error("the default meter is not in the database: run `headroom plans push`");
  }
  return { usage, meters };
}

// Only where a plan change can have settled something: otherwise this is one read alone.
async function settledSegments(
  { db, configuration }: Context,
  { organizationId }: Access,
): Promise<SegmentRow[]> {
  return configuration.policies.overage.onPlanChange === "settle"
    ? withOrganization(db, organizationId, (tx) => listSegments(tx, organizationId))
    : [];
}

// Units above what is included, those that a plan change within the period settled among them.
function overageWith(
  { meter, periodStart, periodUsed: total, included }: MeterStatus,
  segments: SegmentRow[],
): number {
  const own = segments.filter((one) => one.meter === meter && one.periodStart.toISOString() === periodStart);
  const count = { total, included, hardCap: null, overCap: 0 };
  return splitUnits(count, true, own.map(toSegment)).reduce((sum, units) => sum + units, 0);
}

function toMeterUsage(
  status: MeterStatus,
  monthUsed: number | undefined,
  segments: SegmentRow[],
): MeterUsage {
  return {
    meter: status.meter,
    dailyUsed: Math.max(0, status.dayUsed),
    dailyLimit: status.dailyLimit,
    monthlyUsed: Math.max(0, monthUsed ?? status.periodUsed),
    monthlyLimit: status.hardCap,
    planId: status.planId,
    planVersion: status.planVersion,
    periodStart: status.periodStart,
    periodEnd: status.periodEnd,
    ...headroomOf(status),
    overage: overageWith(status, segments),
  };
}

async function calendarMonths(
  context: Context,
  access: Access,
  statuses: readonly MeterStatus[],
): Promise<Map<string, number> | null> {
  const today = latestDate(statuses);
  if (context.configuration.policies.usage.window === "period" || today === undefined) {
    return null;
  }
  const month = await readDailyUsage(context.db, access.organizationId, {
    from: firstOfMonth(today),
    to: today,
    memberId: null,
  });
  return new Map(statuses.map(({ meter }) => [meter, total(month.filter((day) => day.meter === meter))]));
}

// Meters need not agree on the date: after a change of zone a day that was under way goes on for longer than others.
function latestDate(statuses: readonly MeterStatus[]): string | undefined {
  return statuses
    .map(({ date }) => date)
    .sort()
    .at(-1);
}

export interface UsageDay {
  /** Local date of the organization: `2026-11-22`. */
  date: string;
  meters: { meter: string; used: number; members: { userId: string | null; used: number }[] }[];
}

const nobody = "00000000-0000-0000-0000-000000000000";

/**
 * Usage per day, oldest first, days without usage filled with zeros.
 * @param input.days 1..365, today included.
 * @param input.memberId only what this user caused: raw UUID of anybody, a member now or not.
 * @throws DomainError unknown_meter
 */
export async function getUsageHistory(
  context: Context,
  access: Access,
  input: { days: number; meter?: string | undefined; memberId?: string | undefined },
): Promise<{ days: UsageDay[] }> {
  const statuses = await readUsageStatus(context.db, access.organizationId);
  const meters = statuses
    .map((status) => status.meter)
    .filter((meter) => input.meter === undefined || meter === input.meter);
  if (meters.length === 0) {
    throw new DomainError("unknown_meter", "There is no such meter.", { meter: input.meter ?? null });
  }
  const dates = datesUntil(latestDate(statuses) ?? "", input.days);
  const range = { from: dates[0] ?? "", to: dates.at(-1) ?? "", memberId: input.memberId ?? null };
  const rows = await readDailyUsage(context.db, access.organizationId, range);
  const byDate = Map.groupBy(rows, (row) => row.date);
  return {
    days: dates.map((date) => toUsageDay(date, meters, byDate.get(date) ?? [], input.memberId ?? null)),
  };
}

/** @param wanted the one member that was asked for, who is told of with 0 too. */
function toUsageDay(date: string, meters: string[], rows: DailyUsage[], wanted: string | null): UsageDay {
  const none = wanted === null ? [] : [{ memberId: wanted, quantity: 0 }];
  return {
    date,
    meters: meters.map((meter) => {
      const found = rows.filter((row) => row.meter === meter);
      const used = found.length === 0 ? none : found;
      return {
        meter,
        used: total(used),
        members: used.map((row) => ({
          userId: row.memberId === nobody ? null : encodeId("usr", row.memberId),
          used: row.quantity,
        })),
      };
    }),
  };
}

// Of several days, or periods, more may be counted than a number can carry.
function total(rows: readonly Pick<DailyUsage, "quantity">[]): number {
  const sum = rows.reduce((sum, row) => sum + row.quantity, 0);
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}
