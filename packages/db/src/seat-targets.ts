import type { HighWater, SeatPush } from "@headroom/domain/seat-sync";
import type { SeatCounts } from "@headroom/domain/seats";
import type { RecentCalls } from "@headroom/domain/stripe-limits";
import type { Instant } from "@headroom/domain/subscriptions";
import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** A call of which it is not known whether it reached Stripe. */
export interface SentPush {
  key: string;
  subscriptionId: string;
  items: SeatPush["items"];
  proration: SeatPush["proration"];
}

/** What Stripe is still to be told of an organization's seats, and the members that it follows from. */
export interface SeatTarget {
  version: number;
  pushedVersion: number;
  /** The number of the last call. */
  push: number;
  sent: SentPush | null;
  edits: number;
  highWater: HighWater | null;
  recent: RecentCalls;
  members: SeatCounts["members"];
  /** Real time. */
  now: Instant;
}

interface TargetRow extends Omit<SeatTarget, "now" | "recent"> {
  updates: Date[];
  invoices: Date[];
  now: Date;
}

/** How long more changes are waited for, and how long the first one waits at most. Milliseconds of real time. */
export interface SeatDebounce {
  quietMs: number;
  longestMs: number;
}

/** Organizations of any kind whose seats Stripe is to be told now, the longest waiting first. As hr_worker. */
export async function listDueSeatTargets(
  tx: Tx,
  { quietMs, longestMs }: SeatDebounce,
  most: number,
): Promise<{ organizationId: string; customerId: string }[]> {
  const { rows } = await sql<{ organizationId: string; customerId: string }>`
    select organization_id as "organizationId", customer_id as "customerId"
    from due_seat_targets(${quietMs} * interval '1 millisecond', ${longestMs} * interval '1 millisecond', ${most})`.execute(
    tx,
  );
  return rows;
}

/**
 * What is to be pushed, with the members as they are: read under the organization's lock, so that the version stands for
 * exactly these members. Null: Stripe is not told of this organization now.
 */
export async function readSeatTarget(tx: Tx, organizationId: string): Promise<SeatTarget | null> {
  const { rows } = await sql<TargetRow>`
    select t.version, t.pushed_version as "pushedVersion", t.push, t.sent, t.edits, t.high_water as "highWater",
      t.recent_updates as updates, t.recent_invoices as invoices, clock_timestamp() as now,
      (select jsonb_build_object(
          'owner', count(*) filter (where m.role = 'owner'),
          'admin', count(*) filter (where m.role = 'admin'),
          'member', count(*) filter (where m.role = 'member'))
        from membership m where m.organization_id = t.organization_id) as members
    from seat_target t where t.organization_id = ${organizationId} and t.live`.execute(tx);
  const [row] = rows;
  if (!row) {
    return null;
  }
  const { updates, invoices, now, ...rest } = row;
  const recent = { updates: updates.map(instant), invoices: invoices.map(instant) };
  return { ...rest, recent, now: instant(now) };
}

/** Writes a call down before it is made. */
export async function noteSeatPush(
  tx: Tx,
  organizationId: string,
  call: { push: number; sent: SentPush; quantity: number; highWater: HighWater | null; recent: RecentCalls },
): Promise<void> {
  await target(tx, organizationId)
    .set({
      push: call.push,
      sent: JSON.stringify(call.sent),
      quantity: call.quantity,
      high_water: jsonOf(call.highWater),
      recent_updates: call.recent.updates.map(date),
      recent_invoices: call.recent.invoices.map(date),
    })
    .execute();
}

/** Stripe is right up to a version. `quantity`: what it has then; null: what it has is not ours to say. */
export async function settleSeatTarget(
  tx: Tx,
  organizationId: string,
  at: { version: number; quantity: number | null; highWater: HighWater | null },
): Promise<void> {
  await target(tx, organizationId)
    .set({
      pushed_version: at.version,
      // Whoever came meanwhile waits from then on.
      requested_at: sql`case when version > ${at.version} then changed_at else requested_at end`,
      hastened: false,
      not_before: null,
      attempts: 0,
      last_error: null,
      sent: null,
      high_water: jsonOf(at.highWater),
      ...(at.quantity === null ? {} : { quantity: at.quantity }),
    })
    .execute();
}

/** Waits for Stripe's limits. Real time. */
export async function holdSeatTarget(tx: Tx, organizationId: string, until: Instant): Promise<void> {
  await target(tx, organizationId)
    .set({ not_before: date(until), attempts: 0 })
    .execute();
}

/**
 * Tries again later: after 2 s doubled at each attempt, at most five minutes.
 * @param answered Stripe said no: the same call would be told the same again, the next one is another.
 */
export async function putOffSeatTarget(
  tx: Tx,
  organizationId: string,
  { reason, answered }: { reason: string; answered: boolean },
): Promise<void> {
  await target(tx, organizationId)
    .set({
      attempts: sql`attempts + 1`,
      not_before: sql<Date>`clock_timestamp()
        + (0.5 + random()) * least(interval '5 minutes', interval '2 seconds' * power(2, least(attempts, 10)))`,
      last_error: reason,
      ...(answered ? { sent: null } : {}),
    })
    .execute();
}

/** The call was answered with no: the next one has another number. */
export async function forgetSeatPush(tx: Tx, organizationId: string): Promise<void> {
  await target(tx, organizationId).set({ sent: null }).execute();
}

function target(tx: Tx, organizationId: string) {
  return tx.updateTable("seat_target").where("organization_id", "=", organizationId);
}

function jsonOf(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function instant(value: Date): Instant {
  return value.getTime();
}

function date(value: Instant): Date {
  return new Date(value);
}
