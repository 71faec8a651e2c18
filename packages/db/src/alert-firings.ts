import type { AlertThreshold, AlertWindow } from "@headroom/domain/alerts";
import { sql } from "kysely";
import type { Database } from "./client.ts";
import type { Tx } from "./tenancy.ts";

/** That an alert fired. Ids are raw UUIDs. */
export interface Firing {
  alertId: string;
  meter: string;
  window: AlertWindow;
  percent: number | null;
  of: AlertThreshold["of"];
  windowStart: Date;
  windowEnd: Date;
  /** Units, as they were when it fired. */
  threshold: number;
  /** The limit that the alert is about, as it was then; null: none. */
  limit: number | null;
  /** The count that reached the threshold. */
  used: number;
}

/** Organizations with alerts that fired and are not told of, by id, after one. @param database as hr_worker */
export async function listOrganizationsWithUntoldAlerts(
  database: Database,
  page: { after: string | null; limit: number },
): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    "select id from organizations_with_untold_alerts($1, $2) as due (id)",
    [page.after, page.limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * Notes alerts that fired as told, in the transaction that tells, and answers them in the order in which they fired. The
 * caller holds the organization's lock.
 */
export async function takeUntoldFirings(
  tx: Tx,
  organizationId: string,
  { at, limit }: { at: Date; limit: number },
): Promise<Firing[]> {
  const { rows } = await sql<Firing>`
    with untold as (
      select f.alert_id, f.window_start, a.meter, a.window_kind, a.percent, a.percent_of
      from usage_alert_firing f
      join usage_alert a on (a.organization_id, a.id) = (f.organization_id, f.alert_id)
      where f.organization_id = ${organizationId} and f.told_at is null
      order by f.fired_at, f.threshold, f.alert_id limit ${limit}
    ), told as (
      update usage_alert_firing f set told_at = ${at} from untold u
        where f.organization_id = ${organizationId} and (f.alert_id, f.window_start) = (u.alert_id, u.window_start)
          and f.told_at is null
        returning f.alert_id, u.meter, u.window_kind, u.percent, u.percent_of, f.window_start, f.window_end,
          f.threshold, f.limit_units, f.used, f.fired_at
    )
    select alert_id as "alertId", meter, window_kind as "window", percent, percent_of as "of",
      window_start as "windowStart", window_end as "windowEnd", threshold, limit_units as "limit", used
    from told order by fired_at, threshold, alert_id`.execute(tx);
  return rows;
}
