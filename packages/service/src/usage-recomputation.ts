import { type Recount, rollUpDay } from "@headroom/db/tallies";
import {
  findOrganizationOrDeleted,
  lockOrganizationOrDeleted,
  type Tx,
  withOrganization,
} from "@headroom/db/tenancy";
import { listStaleDays, recomputeGates } from "@headroom/db/usage-checks";
import type { Actor } from "@headroom/domain/actors";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { organizationNotFound } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { type UsageMismatch, verifyUsage } from "./metering.ts";

type Context = Pick<ServiceContext, "db">;

export interface GateCounts {
  dayUsed: number;
  periodUsed: number;
  dayHeld: number;
  periodHeld: number;
}

export interface RecomputedUsage {
  organizationId: string;
  dryRun: boolean;
  meters: { meter: string; before: GateCounts; after: GateCounts; changed: boolean }[];
  /** Received days whose tallies did not fit their events, tallied again. */
  days: string[];
  /** What still differs: closed periods are never edited, and tallies whose events are gone cannot be made again. */
  remaining: UsageMismatch[];
}

export interface RecomputeInput {
  /** Raw UUID; a deleted organization too, until it is purged. */
  organizationId: string;
  meter?: string | undefined;
  dryRun: boolean;
}

/**
 * Sets an organization's counters to what its events and reservations say, and tallies anew the received days that do
 * not fit them. The audit trail keeps what was changed. A second run changes nothing.
 * @param context `db` as hr_worker
 * @throws DomainError organization_not_found, unknown_meter
 */
export async function recomputeUsage(
  context: Context,
  actor: Actor,
  { organizationId, meter, dryRun }: RecomputeInput,
): Promise<RecomputedUsage> {
  const { db } = context;
  const days = await listStaleDays(db, organizationId, meter ?? null);
  const recounts = await withOrganization(db, organizationId, async (tx) => {
    const find = dryRun ? findOrganizationOrDeleted : lockOrganizationOrDeleted;
    if ((await find(tx, organizationId)) === null) {
      throw organizationNotFound();
    }
    const options = { meter: meter ?? null, staleDays: days, dry: dryRun };
    const gates = await recomputeGates(tx, organizationId, options);
    if (meter !== undefined && gates.length === 0) {
      throw new DomainError("unknown_meter", "The organization has used no meter of this name.", { meter });
    }
    if (!dryRun) {
      await audit(tx, actor, organizationId, { meter, days, gates });
    }
    return gates;
  });
  if (!dryRun) {
    // Until this is done, here or by the worker, the days are counted live.
    for (const day of days) {
      await rollUpDay(db, day);
    }
  }
  const { mismatches } = dryRun ? { mismatches: [] } : await verifyUsage(context, { organizationId });
  return {
    organizationId: encodeId("org", organizationId),
    dryRun,
    meters: recounts.map(toMeter),
    days,
    remaining: mismatches,
  };
}

function toMeter(gate: Recount): RecomputedUsage["meters"][number] {
  const { meter, dayUsed, periodUsed, dayHeld, periodHeld } = gate;
  const before = { dayUsed, periodUsed, dayHeld, periodHeld };
  const after = {
    dayUsed: gate.dayCounted,
    periodUsed: gate.periodCounted,
    dayHeld: gate.dayHeldCounted,
    periodHeld: gate.periodHeldCounted,
  };
  const changed = (Object.keys(before) as (keyof GateCounts)[]).some(
    (count) => before[count] !== after[count],
  );
  return { meter, before, after, changed };
}

async function audit(
  tx: Tx,
  actor: Actor,
  organizationId: string,
  { meter, days, gates }: { meter: string | undefined; days: string[]; gates: Recount[] },
): Promise<void> {
  const changes = gates.map(toMeter).filter(({ changed }) => changed);
  await recordChange(tx, {
    organizationId,
    actor,
    audit: {
      action: "usage.recomputed",
      target: encodeId("org", organizationId),
      data: {
        meter: meter ?? null,
        days,
        changes: changes.map(({ meter: name, before, after }) => ({ meter: name, before, after })),
      },
    },
  });
}
