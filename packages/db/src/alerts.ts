import type { AlertThreshold, AlertWindow } from "@headroom/domain/alerts";
import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** An alert as it is kept. Ids are raw UUIDs. */
export interface AlertRow {
  id: string;
  organizationId: string;
  meter: string;
  window: AlertWindow;
  units: number | null;
  percent: number | null;
  of: AlertThreshold["of"];
  createdAt: Date;
  /** What it is in units now; null: a percentage of a limit that is none. */
  threshold: number | null;
  /** The latest; null: it has not fired yet, or so long ago that it is forgotten. */
  lastFiring: { firedAt: Date; used: number; threshold: number; windowStart: Date } | null;
}

export interface NewAlert {
  id: string;
  meter: string;
  window: AlertWindow;
  threshold: AlertThreshold;
  at: Date;
}

/** Keeps an alert. The caller holds the organization's lock, and lets its gates learn the threshold. */
export async function insertAlert(tx: Tx, organizationId: string, alert: NewAlert): Promise<void> {
  const { units, percent, of } = alert.threshold;
  await tx
    .insertInto("usage_alert")
    .values({
      organization_id: organizationId,
      id: alert.id,
      meter: alert.meter,
      window_kind: alert.window,
      units,
      percent,
      percent_of: of,
      created_at: alert.at,
    })
    .execute();
}

/** The id of the alert that says the same, or null. */
export async function findSameAlert(
  tx: Tx,
  organizationId: string,
  { meter, window, threshold }: Pick<NewAlert, "meter" | "window" | "threshold">,
): Promise<string | null> {
  const row = await tx
    .selectFrom("usage_alert")
    .select("id")
    .where("organization_id", "=", organizationId)
    .where("meter", "=", meter)
    .where("window_kind", "=", window)
    .where("units", "is not distinct from", threshold.units)
    .where("percent", "is not distinct from", threshold.percent)
    .where("percent_of", "is not distinct from", threshold.of)
    .executeTakeFirst();
  return row?.id ?? null;
}

export async function countAlerts(tx: Tx, organizationId: string, meter: string): Promise<number> {
  const { count } = await tx
    .selectFrom("usage_alert")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("organization_id", "=", organizationId)
    .where("meter", "=", meter)
    .executeTakeFirstOrThrow();
  return count;
}

/** True for a meter that counts now. */
export async function hasMeter(tx: Tx, name: string): Promise<boolean> {
  const row = await tx
    .selectFrom("meter")
    .select("name")
    .where("name", "=", name)
    .where("active", "=", true)
    .executeTakeFirst();
  return row !== undefined;
}

/** Oldest first, after an id; or one alone. */
export async function listAlerts(
  tx: Tx,
  organizationId: string,
  { only = null, after = null, limit }: { only?: string | null; after?: string | null; limit: number },
): Promise<AlertRow[]> {
  const { rows } = await sql<Omit<AlertRow, "lastFiring"> & FiringColumns>`
    select a.id, a.organization_id as "organizationId", a.meter, a.window_kind as "window", a.units, a.percent,
      a.percent_of as "of", a.created_at as "createdAt", t.threshold, f.fired_at, f.used, f.threshold as fired_threshold,
      f.window_start
    from usage_alert a
    left join alert_thresholds(${organizationId}) t on t.alert_id = a.id
    left join lateral (
      select * from usage_alert_firing f where f.organization_id = a.organization_id and f.alert_id = a.id
        order by f.window_start desc limit 1) f on true
    where a.organization_id = ${organizationId} and a.id = coalesce(${only}::uuid, a.id)
      and (${after}::uuid is null or a.id > ${after}::uuid)
    order by a.id limit ${limit}`.execute(tx);
  return rows.map(({ fired_at, used, fired_threshold, window_start, ...alert }) => ({
    ...alert,
    lastFiring:
      fired_at === null
        ? null
        : { firedAt: fired_at, used, threshold: fired_threshold, windowStart: window_start },
  }));
}

type FiringColumns =
  | { fired_at: Date; used: number; fired_threshold: number; window_start: Date }
  | { fired_at: null; used: null; fired_threshold: null; window_start: null };

export async function findAlert(tx: Tx, organizationId: string, alertId: string): Promise<AlertRow | null> {
  const [row] = await listAlerts(tx, organizationId, { only: alertId, limit: 1 });
  return row ?? null;
}

/** What it fired and nobody was told of goes with it. */
export async function deleteAlert(tx: Tx, organizationId: string, alertId: string): Promise<void> {
  await tx
    .deleteFrom("usage_alert")
    .where("organization_id", "=", organizationId)
    .where("id", "=", alertId)
    .execute();
}
