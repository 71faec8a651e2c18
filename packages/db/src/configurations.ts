import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

export interface MeterRow {
  name: string;
  displayName: string;
  isDefault: boolean;
  active: boolean;
}

/** Every meter there ever was, in order. */
export async function listMeters(tx: Tx): Promise<MeterRow[]> {
  return tx
    .selectFrom("meter")
    .select(["name", "display_name as displayName", "is_default as isDefault", "active"])
    .orderBy("position")
    .execute();
}

/** Writes the meters as configured; those that are gone stop counting and keep their history. */
export async function writeMeters(
  tx: Tx,
  meters: readonly { name: string; displayName: string }[],
  defaultMeter: string,
): Promise<void> {
  const names = meters.map((meter) => meter.name);
  await tx
    .updateTable("meter")
    .set({ is_default: false })
    .where("name", "<>", defaultMeter)
    .where("is_default", "=", true)
    .execute();
  await tx
    .updateTable("meter")
    .set({ active: false })
    .where("name", "not in", names)
    .where("active", "=", true)
    .execute();
  for (const [position, { name, displayName }] of meters.entries()) {
    const row = { display_name: displayName, is_default: name === defaultMeter, position, active: true };
    await tx
      .insertInto("meter")
      .values({ name, ...row })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row))
      .execute();
  }
}

/** Remembers what Stripe calls the billing meter of a meter. */
export async function linkMeter(tx: Tx, name: string, stripeMeterId: string): Promise<void> {
  await tx.updateTable("meter").set({ stripe_meter_id: stripeMeterId }).where("name", "=", name).execute();
}

/** What Stripe calls the billing meters, by our names; those that it lacks are left out. */
export async function readStripeMeters(tx: Tx): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.selectFrom("meter").select(["name", "stripe_meter_id as id"]).execute();
  return new Map(rows.flatMap(({ name, id }): [string, string][] => (id === null ? [] : [[name, id]])));
}

/** Writes what SQL itself must know of the policies. */
export async function writeConfiguration(
  tx: Tx,
  settings: { overageWhilePastDue: boolean; billAboveCap: boolean; settlePlanChanges: boolean },
): Promise<void> {
  const row = {
    overage_while_past_due: settings.overageWhilePastDue,
    bill_above_cap: settings.billAboveCap,
    settle_plan_changes: settings.settlePlanChanges,
    configured_at: sql<Date>`clock_now()`,
  };
  await tx
    .insertInto("configuration")
    .values(row)
    .onConflict((conflict) => conflict.column("singleton").doUpdateSet(row))
    .execute();
}

/** Remembers the configuration that the customer portal is opened with. */
export async function writePortalConfiguration(tx: Tx, id: string): Promise<void> {
  await tx.updateTable("configuration").set({ portal_configuration_id: id }).execute();
}

/** The configuration that the customer portal is opened with; null: no push has made one. */
export async function readPortalConfiguration(tx: Tx): Promise<string | null> {
  const row = await tx.selectFrom("configuration").select("portal_configuration_id").executeTakeFirst();
  return row?.portal_configuration_id ?? null;
}
