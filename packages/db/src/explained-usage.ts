import { type RawBuilder, sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** A window of a meter: all usage of a local date, or all that a period counts. */
export type WindowKey = { meter: string; end: Date } & (
  | { kind: "day"; date: string }
  | { kind: "period"; start: Date }
);

/** The condition that a row of events or tallies counts in a window. */
function inside(organizationId: string, window: WindowKey) {
  const where =
    window.kind === "day" ? sql`local_date = ${window.date}` : sql`period_start = ${window.start}`;
  return sql`organization_id = ${organizationId} and meter = ${window.meter} and ${where}`;
}

/** A sum as it can be carried: what was counted and taken back again may be more than any counter, and is then 2^53 − 1. */
function exact(sum: RawBuilder<unknown>) {
  return sql`least(coalesce(${sum}, 0), ${sql.lit(Number.MAX_SAFE_INTEGER)}::numeric)::bigint`;
}

/** A window counted from its events. Units; `events` is their number. */
export interface EventCount {
  used: number;
  overCap: number;
  events: number;
  /** Of a closed period, counted in a later one. */
  carried: number;
  /** Came when the window had ended. */
  late: number;
  /** Taken back. */
  voided: number;
}

/** Counts a window's events, as far as they are kept. */
export async function countEvents(tx: Tx, organizationId: string, window: WindowKey): Promise<EventCount> {
  const { rows } = await sql<EventCount>`
    select ${exact(sql`sum(quantity)`)} as used, ${exact(sql`sum(over_cap)`)} as "overCap", count(*) as events,
      ${exact(sql`sum(quantity) filter (where voids is null and occurred_at < period_start)`)} as carried,
      ${exact(sql`sum(quantity) filter (where voids is null and received_at >= ${window.end})`)} as late,
      ${exact(sql`-sum(quantity) filter (where voids is not null)`)} as voided
    from usage_event where ${inside(organizationId, window)}`.execute(tx);
  return rows[0] as EventCount;
}

/** A window counted as bills are: sealed days by their tallies, the others by their events. */
export async function countWindow(
  tx: Tx,
  organizationId: string,
  window: WindowKey,
): Promise<{ used: number; overCap: number }> {
  const where =
    window.kind === "day" ? sql`local_date = ${window.date}` : sql`period_start = ${window.start}`;
  const { rows } = await sql<{ used: number; overCap: number }>`
    select ${exact(sql`sum(quantity)`)} as used, ${exact(sql`sum(over_cap)`)} as "overCap"
    from usage_sums(${organizationId}) where meter = ${window.meter} and ${where}`.execute(tx);
  return rows[0] as { used: number; overCap: number };
}

/** Units held by reservations that were made in a window and are open at an instant. */
export async function countHeld(
  tx: Tx,
  organizationId: string,
  window: { meter: string; kind: "day" | "period"; start: Date; at: Date },
): Promise<number> {
  const column = window.kind === "day" ? sql`day_start` : sql`period_start`;
  const { rows } = await sql<{ held: number }>`
    select coalesce(sum(quantity), 0)::bigint as held from usage_reservation
    where organization_id = ${organizationId} and meter = ${window.meter} and status = 'held'
      and expires_at > ${window.at} and ${column} = ${window.start}`.execute(tx);
  return rows[0]?.held ?? 0;
}

/** The oldest day of reception whose events are kept, and whether a window has usage from before it. */
export async function readRetention(
  tx: Tx,
  organizationId: string,
  window: WindowKey,
): Promise<{ keptSince: string | null; complete: boolean }> {
  const { rows } = await sql<{ keptSince: string | null; complete: boolean }>`
    with kept as materialized (
      select min(received_on) as since from usage_partition
      where to_regclass('headroom.usage_event_' || to_char(received_on, 'YYYYMMDD')) is not null)
    select since as "keptSince", not exists (
      select from usage_tally where ${inside(organizationId, window)} and received_on < kept.since) as complete
    from kept`.execute(tx);
  return rows[0] as { keptSince: string | null; complete: boolean };
}

/** The daily limit that the last event found which was received while a day ran; undefined: none was. */
export async function readLastDailyLimit(
  tx: Tx,
  organizationId: string,
  window: WindowKey,
): Promise<number | null | undefined> {
  const { rows } = await sql<{ limit: number | null }>`
    select daily_limit as "limit" from usage_event
    where ${inside(organizationId, window)} and received_at < ${window.end}
    order by received_at desc, id desc limit 1`.execute(tx);
  return rows[0] === undefined ? undefined : rows[0].limit;
}

/** An event behind a counter. */
export interface WindowEvent {
  id: string;
  /** Where it stands in the order: microseconds since 1970 of its reception. */
  place: number;
  quantity: number;
  mode: string;
  memberId: string | null;
  occurredAt: Date;
  receivedAt: Date;
  localDate: string;
  periodStart: Date;
  overCap: number;
  voids: string | null;
  key: string;
  properties: Record<string, string | number | boolean | null> | null;
}

/** The kept events of a window, newest first, after a place in that order. */
export async function listWindowEvents(
  tx: Tx,
  organizationId: string,
  window: WindowKey,
  page: { after: { place: number; id: string } | null; limit: number },
): Promise<WindowEvent[]> {
  const after =
    page.after === null
      ? sql`true`
      : sql`(received_at, id) < (timestamptz 'epoch' + ${page.after.place} * interval '1 microsecond', ${page.after.id}::uuid)`;
  const { rows } = await sql<WindowEvent>`
    select id, (extract(epoch from received_at) * 1000000)::bigint as place, quantity, mode, member_id as "memberId",
      occurred_at as "occurredAt", received_at as "receivedAt", local_date as "localDate",
      period_start as "periodStart", over_cap as "overCap", voids, key, properties
    from usage_event where ${inside(organizationId, window)} and ${after}
    order by received_at desc, id desc limit ${page.limit}`.execute(tx);
  return rows;
}

/** Usage whose events are gone: what one member used on one local date. The nil UUID: nobody. */
export interface WindowTally {
  date: string;
  memberId: string;
  used: number;
  overCap: number;
  events: number;
}

/** The tallies of a window that stand for events which are not kept any more, newest date first, after a place. */
export async function listWindowTallies(
  tx: Tx,
  organizationId: string,
  window: WindowKey,
  page: { before: string; after: { date: string; memberId: string } | null; limit: number },
): Promise<WindowTally[]> {
  const after =
    page.after === null
      ? sql`true`
      : sql`(local_date < ${page.after.date} or (local_date = ${page.after.date} and member_id > ${page.after.memberId}::uuid))`;
  const { rows } = await sql<WindowTally>`
    select local_date as date, member_id as "memberId", ${exact(sql`sum(quantity)`)} as used,
      ${exact(sql`sum(over_cap)`)} as "overCap", sum(events)::bigint as events
    from usage_tally
    where ${inside(organizationId, window)} and received_on < ${page.before} and ${after}
    group by local_date, member_id order by local_date desc, member_id limit ${page.limit}`.execute(tx);
  return rows;
}
