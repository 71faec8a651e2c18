import {
  type AlertRow,
  countAlerts,
  deleteAlert as deleteAlertRow,
  findAlert,
  findSameAlert,
  hasMeter,
  insertAlert,
  listAlerts as listAlertRows,
} from "@headroom/db/alerts";
import { readClock } from "@headroom/db/clock";
import { refreshLimits } from "@headroom/db/subscriptions";
import type { Tx } from "@headroom/db/tenancy";
import { readOrganization } from "@headroom/db/tenant-reads";
import {
  type AlertLimit,
  type AlertThreshold,
  type AlertWindow,
  mostAlerts,
  readThreshold,
} from "@headroom/domain/alerts";
import { DomainError } from "@headroom/domain/errors";
import { decodeId, encodeId } from "@headroom/domain/ids";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { createInOrganization } from "./creation.ts";
import { nextPage, type PageInput, readIdCursor } from "./cursors.ts";
import type { Repeatable } from "./idempotency.ts";

export interface AlertView {
  id: string;
  organizationId: string;
  meter: string;
  window: AlertWindow;
  /** Either units, or percent of a limit; the other is null. */
  units: number | null;
  percent: number | null;
  of: AlertLimit | null;
  /** Units at which it fires now; null: never, because the limit that it is a percentage of is none. */
  threshold: number | null;
  /** The latest; `threshold` is what it was then. Remembered for 400 days. */
  lastFiring: { firedAt: string; used: number; threshold: number; windowStart: string } | null;
  createdAt: string;
}

export interface NewAlert {
  /** Absent: the default meter. */
  meter?: string | undefined;
  window: AlertWindow;
  /** One of the two. */
  units?: number | undefined;
  percent?: number | undefined;
  /** Of which limit; absent: a day's daily limit, a period's `included`. */
  of?: AlertLimit | undefined;
}

/**
 * Adds an alert; answers the one that says the same when there is one. It counts from now on: where the running window
 * has reached its threshold already it fires at once.
 * @throws DomainError validation_failed, unknown_meter, idempotency_mismatch
 */
export async function createAlert(
  context: ServiceContext,
  access: Access,
  input: NewAlert,
  { idempotencyKey = null }: Repeatable = {},
): Promise<AlertView> {
  const { meter = context.configuration.defaultMeter, window } = input;
  const alert = { id: uuidv7(), meter, window, threshold: readThreshold(input) };
  const call = { idempotencyKey, procedure: "alerts.create", payload: input, resourceId: alert.id };
  return createInOrganization(context, access, call, {
    create: (tx, _organization, fresh) => writeAlert(tx, fresh, alert),
    replay: async (tx, _id, outcome) => {
      const { alertId } = outcome as { alertId: string };
      return toAlertView(await requireAlert(tx, access.organizationId, decodeId("alr", alertId) ?? ""));
    },
    outcomeOf: ({ id }) => ({ alertId: id }),
  });
}

async function writeAlert(
  tx: Tx,
  access: Access,
  alert: { id: string; meter: string; window: AlertWindow; threshold: AlertThreshold },
): Promise<AlertView> {
  const { organizationId } = access;
  if (!(await hasMeter(tx, alert.meter))) {
    throw new DomainError("unknown_meter", "There is no such meter.", { meter: alert.meter });
  }
  const same = await findSameAlert(tx, organizationId, alert);
  if (same !== null) {
    return toAlertView(await requireAlert(tx, organizationId, same));
  }
  if ((await countAlerts(tx, organizationId, alert.meter)) >= mostAlerts) {
    throw new DomainError("validation_failed", `A meter has at most ${mostAlerts} alerts.`, {
      issues: [{ path: "meter", message: `has ${mostAlerts} alerts already` }],
      limit: mostAlerts,
    });
  }
  await insertAlert(tx, organizationId, { ...alert, at: await readClock(tx) });
  await record(tx, access, alert.id, "alert.created", describe(alert));
  await refreshLimits(tx, organizationId);
  return toAlertView(await requireAlert(tx, organizationId, alert.id));
}

/** Oldest first. */
export async function listAlerts(
  context: ServiceContext,
  access: Access,
  input: PageInput,
): Promise<{ alerts: AlertView[]; nextCursor: string | null }> {
  const after = readIdCursor("alerts", input.cursor);
  const rows = await readOrganization(context.db, access.organizationId, (tx) =>
    listAlertRows(tx, access.organizationId, { after, limit: input.limit + 1 }),
  );
  const { items, nextCursor } = nextPage("alerts", rows, input.limit, (row) => row.id);
  return { alerts: items.map(toAlertView), nextCursor };
}

/**
 * Deletes an alert, and what it fired that nobody was told of yet. Answers how it was.
 * @throws DomainError resource_not_found
 */
export async function deleteAlert(
  context: ServiceContext,
  access: Access,
  input: { alertId: string },
): Promise<AlertView> {
  return withLockedOrganization(context, access, async (tx, organization, fresh) => {
    const row = await requireAlert(tx, organization.id, input.alertId);
    const { meter, window, units, percent, of } = row;
    await record(tx, fresh, row.id, "alert.deleted", { meter, window, units, percent, of });
    await deleteAlertRow(tx, organization.id, row.id);
    await refreshLimits(tx, organization.id);
    return toAlertView(row);
  });
}

async function requireAlert(tx: Tx, organizationId: string, alertId: string): Promise<AlertRow> {
  const row = await findAlert(tx, organizationId, alertId);
  if (row === null) {
    throw new DomainError("resource_not_found", "The organization has no such alert.");
  }
  return row;
}

function describe(alert: { meter: string; window: AlertWindow; threshold: AlertThreshold }) {
  return { meter: alert.meter, window: alert.window, ...alert.threshold };
}

/** Alerts are settings of the organization, and are told of as those are. */
async function record(
  tx: Tx,
  { organizationId, actor }: Access,
  alertId: string,
  action: "alert.created" | "alert.deleted",
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await recordChange(tx, {
    organizationId,
    actor,
    audit: { action, target: encodeId("alr", alertId), data },
    events: [{ name: "organization.updated", payload: { fields: ["alerts"] } }],
  });
}

function toAlertView(row: AlertRow): AlertView {
  const { id, organizationId, lastFiring, createdAt, ...alert } = row;
  return {
    id: encodeId("alr", id),
    organizationId: encodeId("org", organizationId),
    ...alert,
    lastFiring: lastFiring && {
      firedAt: lastFiring.firedAt.toISOString(),
      used: lastFiring.used,
      threshold: lastFiring.threshold,
      windowStart: lastFiring.windowStart.toISOString(),
    },
    createdAt: createdAt.toISOString(),
  };
}
