import { listOrganizationIds } from "@headroom/db/audit-chains";
import { readClock } from "@headroom/db/clock";
import { learnKeys, readUnsealedDays, rollUpDay } from "@headroom/db/tallies";
import { findOrganizationOrDeleted, withOrganization, withSystem } from "@headroom/db/tenancy";
import {
  type DifferenceKind,
  type DifferenceRow,
  listDaysToVerify,
  readUsageCheck,
  type UsageCheck,
  verifyCounters,
  verifyDay,
  verifyTallies,
  writeUsageCheck,
} from "@headroom/db/usage-checks";
import { ensurePartitions as ensure } from "@headroom/db/usage-partitions";
import { encodeId } from "@headroom/domain/ids";
import { organizationNotFound } from "./access.ts";
import type { ServiceContext } from "./context.ts";

type Context = Pick<ServiceContext, "db">;

const partitionsAhead = 30;

/** Tallies and seals every received day that has ended for good and is not sealed yet. Answers how many. */
export async function rollUpDays({ db }: Context): Promise<number> {
  const days = await readUnsealedDays(db);
  for (const day of days) {
    await rollUpDay(db, day);
  }
  return days.length;
}

/** Of one transaction: 10 million keys take about a minute, of the ten that a statement may. */
const eventsAtOnce = 10_000_000;

/**
 * Has the filter of opaque keys know every tallied day, so that such a key is looked for there only where it may be.
 * Answers how many days are new to it. A day that the filter does not know is asked itself.
 */
export async function learnDays({ db }: Context): Promise<number> {
  let learned = 0;
  for (let more = -1; more !== 0; learned += more) more = await learnKeys(db, eventsAtOnce);
  return learned;
}

/** Makes the event partitions of the next 30 days. */
export async function ensurePartitions({ db }: Context): Promise<number> {
  return ensure(db, partitionsAhead);
}

/** A number that is kept, and differs from a recount. */
export interface UsageMismatch {
  /** null: all organizations' tallies of a day together. */
  organizationId: string | null;
  meter: string | null;
  kind: DifferenceKind;
  /** The start of the window; of the received day in UTC for tallies. */
  windowStart: string;
  counter: number;
  recount: number;
}

export interface UsageVerification {
  /** Gates compared. */
  checked: number;
  /** Sealed days looked at. */
  days: number;
  mismatches: UsageMismatch[];
}

export interface UsageVerificationInput {
  /** Raw UUID; absent: all organizations, and the seals of days. */
  organizationId?: string | undefined;
  /** Closed periods and seals of every age too, not only new ones; default true. */
  thorough?: boolean;
  onProgress?: (done: number, total: number) => void;
}

const organizationsAtOnce = 50;
/** How long a closed period is looked at each time; afterwards only by a thorough look. */
const recentMs = 41 * 86_400_000;

/**
 * Compares counters with a recount of events and reservations, closed periods and sealed days with their tallies, in
 * one snapshot per fifty organizations and per day. Every difference is kept until it is gone.
 * @param context `db` as hr_worker
 * @throws DomainError organization_not_found for one that there is not; a deleted one is there until it is purged
 */
export async function verifyUsage(
  { db }: Context,
  { organizationId, thorough = true, onProgress }: UsageVerificationInput = {},
): Promise<UsageVerification> {
  if (organizationId !== undefined) {
    await withOrganization(db, organizationId, async (tx) => {
      if ((await findOrganizationOrDeleted(tx, organizationId)) === null) throw organizationNotFound();
    });
  }
  const closedSince = thorough
    ? null
    : await withSystem(db, async (tx) => new Date((await readClock(tx)).getTime() - recentMs));
  const organizations = organizationId === undefined ? await listOrganizationIds(db) : [organizationId];
  const days = organizationId === undefined ? await listDaysToVerify(db, thorough) : [];
  const total = organizations.length + days.length;
  const found: DifferenceRow[] = [];
  let checked = 0;
  for (let at = 0; at < organizations.length; at += organizationsAtOnce) {
    const batch = organizations.slice(at, at + organizationsAtOnce);
    const { gates, differences } = await verifyCounters(db, batch, closedSince);
    checked += gates;
    found.push(...differences);
    onProgress?.(at + batch.length, total);
  }
  if (organizationId !== undefined) {
    found.push(...(await verifyTallies(db, organizationId)));
  }
  for (const [index, day] of days.entries()) {
    found.push(...(await verifyDay(db, day)));
    onProgress?.(organizations.length + index + 1, total);
  }
  return { checked, days: days.length, mismatches: found.map(toMismatch) };
}

const nil = "00000000-0000-0000-0000-000000000000";

function toMismatch(row: DifferenceRow): UsageMismatch {
  const isWhole = row.organization_id === nil;
  return {
    organizationId: isWhole ? null : encodeId("org", row.organization_id),
    meter: isWhole ? null : row.meter,
    kind: row.kind,
    windowStart: new Date(row.window_start).toISOString(),
    counter: row.kept,
    recount: row.counted,
  };
}

const thoroughEveryMs = 86_400_000;

/** Looks at everything that is new, once a day at everything, and notes for metrics what it found. */
export async function checkUsage(context: Context): Promise<UsageVerification> {
  const last = await readUsageCheck(context.db);
  const thorough = last?.thoroughAt == null || Date.now() - last.thoroughAt.getTime() > thoroughEveryMs;
  const found = await verifyUsage(context, { thorough });
  await noteUsageCheck(context, found, thorough);
  return found;
}

/** Notes for metrics what a look at all organizations found. @param context `db` as hr_worker */
export async function noteUsageCheck(
  { db }: Context,
  { checked }: UsageVerification,
  thorough: boolean,
): Promise<void> {
  await writeUsageCheck(db, { counters: checked, thorough });
}

/** What was noted last, by whichever process; null before the first time. */
export function lastUsageCheck({ db }: Context): Promise<UsageCheck | null> {
  return readUsageCheck(db);
}
