import {
  ensurePartitions as ensure,
  type Recount,
  readUnsealedDays,
  recountUsage,
  rollUpDay,
} from "@headroom/db/tallies";
import { encodeId } from "@headroom/domain/ids";
import type { ServiceContext } from "./context.ts";

const partitionsAhead = 30;

/** Tallies every received day that is not sealed yet. Answers the days counted. */
export async function rollUpDays(context: Pick<ServiceContext, "db">): Promise<number> {
  const days = await readUnsealedDays(context.db);
  for (const day of days) {
    await rollUpDay(context.db, day);
  }
  return days.length;
}

/** Makes the event partitions of the next 30 days. */
export async function ensurePartitions(context: Pick<ServiceContext, "db">): Promise<number> {
  return ensure(context.db, partitionsAhead);
}

/** A gate whose counter differs from a recount of its events. */
export interface UsageMismatch {
  organizationId: string;
  meter: string;
  window: "day" | "period";
  counter: number;
  recount: number;
}

export interface UsageVerification {
  /** Gates compared. */
  checked: number;
  mismatches: UsageMismatch[];
}

/**
 * Compares counters with a recount of the events, in one snapshot.
 * @param organizationId raw UUID; absent: all organizations.
 */
export async function verifyUsage(
  context: Pick<ServiceContext, "db">,
  input: { organizationId?: string } = {},
): Promise<UsageVerification> {
  const gates = await recountUsage(context.db, input.organizationId ?? null);
  return { checked: gates.length, mismatches: gates.flatMap(mismatchesOf) };
}

function mismatchesOf(gate: Recount): UsageMismatch[] {
  const about = { organizationId: encodeId("org", gate.organizationId), meter: gate.meter };
  const windows: UsageMismatch[] = [
    { ...about, window: "day", counter: gate.dayUsed, recount: gate.dayCounted },
    { ...about, window: "period", counter: gate.periodUsed, recount: gate.periodCounted },
  ];
  return windows.filter((window) => window.counter !== window.recount);
}
