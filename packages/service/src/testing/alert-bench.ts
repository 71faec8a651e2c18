import type { Permission } from "@headroom/domain/permissions";
import { tellAlerts } from "../alert-telling.ts";
import { type AlertView, createAlert, type NewAlert } from "../alerts.ts";
import type { ServiceContext } from "../context.ts";
import { consume, record, type UsageCaller } from "../usage.ts";
import { createUsageLane } from "../usage-lane.ts";
import { accessTo, createWorld, type Person, rawId, type World } from "./world.ts";

/** An organization with 100 pages a day and 1,000 in a period included, and 10 jobs in a period. */
export interface AlertTenant {
  id: string;
  owner: Person;
  caller: UsageCaller;
  access(permission: Permission): ReturnType<typeof accessTo>;
  /** Makes an alert. */
  alert(input: NewAlert): Promise<AlertView>;
  /** Writes down usage that has happened already, whatever the limits. */
  use(quantity: number, more?: { key?: string; occurredAt?: string; meter?: string }): Promise<void>;
  /** The thresholds and counts of what has fired, in its order; of one alert, or of all. */
  fired(of?: AlertView): Promise<{ threshold: number; used: number; start: string; told: boolean }[]>;
  /** Changes a limit of the organization's plan, and lets its gates know. */
  limits(changes: { daily_limit?: number | null; included?: number | null }): Promise<void>;
}

export interface AlertBench {
  world: World;
  /** As the worker connects. */
  worker: ServiceContext;
  tenant(more?: { timeZone?: string }): Promise<AlertTenant>;
  tell(): Promise<number>;
  admin(statement: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function openAlertBench(): Promise<AlertBench> {
  const world = await createWorld();
  const { context, make, scratch } = world;
  const worker: ServiceContext = { ...context, db: await scratch.connect("hr_worker") };
  const lane = createUsageLane(context.db);
  const admin = async (statement: string, values: unknown[] = []) =>
    (await scratch.admin.query(statement, values)).rows;
  let plans = 0;

  async function plan(): Promise<string> {
    const id = `metered${plans++}`;
    const pages = { dailyLimit: 100, included: 1_000, overage: null };
    const jobs = { dailyLimit: null, included: 10, overage: null };
    await make.plan(id, { pages, jobs }, { isDefault: false });
    return id;
  }

  async function tenant({ timeZone = "UTC" } = {}): Promise<AlertTenant> {
    const owner = await world.person();
    const id = await world.organization(owner);
    const planId = await plan();
    await admin("update headroom.organization set time_zone = $2 where id = $1", [id, timeZone]);
    await admin("update headroom.subscription set base_plan_id = $2 where organization_id = $1", [
      id,
      planId,
    ]);
    const caller = { credential: await make.key(id), organizationId: null };
    const access = (permission: Permission) => accessTo(context, owner, id, permission);
    return {
      id,
      owner,
      caller,
      access,
      alert: async (input) => createAlert(context, await access("organization.update"), input),
      async use(quantity, { key, occurredAt, meter } = {}) {
        const event = { quantity, meter, idempotencyKey: key };
        await (occurredAt === undefined
          ? consume(lane, caller, { ...event, mode: "record" })
          : record(context, caller, [{ ...event, occurredAt }]));
      },
      async fired(of) {
        const rows = await admin(
          `select threshold::int, used::int, window_start, told_at is not null as told
             from headroom.usage_alert_firing where organization_id = $1 and alert_id = coalesce($2, alert_id)
             order by fired_at, threshold`,
          [id, of === undefined ? null : rawId(of)],
        );
        return rows.map(({ threshold, used, window_start: start, told }) => ({
          threshold: threshold as number,
          used: used as number,
          start: (start as Date).toISOString(),
          told: told as boolean,
        }));
      },
      async limits(changes) {
        for (const [column, value] of Object.entries(changes)) {
          await admin(
            `update headroom.plan_meter set ${column} = $2 where plan_id = $1 and meter = 'pages'`,
            [planId, value],
          );
        }
        await admin("select headroom.refresh_limits($1)", [id]);
      },
    };
  }

  return { world, worker, tenant, admin, tell: () => tellAlerts(worker), close: () => world.close() };
}
