import type { Catalogue, CataloguePrice } from "@headroom/domain/catalogue";
import type { MeterTerms, PlanDefinition } from "@headroom/domain/configuration";
import type { CatalogueEntry } from "@headroom/domain/plans";
import { sql } from "kysely";
import { listPriceMappings, toCataloguePrice } from "./price-mappings.ts";
import type { Tx } from "./tenancy.ts";

/** A version of a plan. */
export interface PlanRow {
  id: string;
  version: number;
  active: boolean;
  public: boolean;
  definition: PlanDefinition;
  /** Digest of its terms. */
  terms: string;
}

/** What a version of a plan is written from. */
export interface NewPlanVersion extends Omit<PlanRow, "active" | "public"> {
  position: number;
  billAboveCap: boolean;
  prices: readonly CatalogueEntry[];
}

const columns = [
  "id",
  "version",
  "active",
  "is_public as public",
  "definition",
  "definition_hash as terms",
] as const;

// Versions that were written before these had a name have their defaults.
function toPlan(row: Omit<PlanRow, "definition"> & { definition: unknown }): PlanRow {
  const stored = row.definition as PlanDefinition;
  const meters = Object.entries(stored.meters).map(([name, terms]) => [
    name,
    {
      ...terms,
      overage: terms.overage && { ...terms.overage, otherPrices: terms.overage.otherPrices ?? [] },
    },
  ]);
  const definition: PlanDefinition = {
    ...stored,
    proration: stored.proration ?? "next_invoice",
    seats: { ...stored.seats, proration: stored.seats.proration ?? "next_invoice" },
    meters: Object.fromEntries(meters),
  };
  return { ...row, definition };
}

/** Lets one push at a time through, until the transaction ends. */
export async function lockCatalogue(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('headroom.push_plans'))`.execute(tx);
}

/** The current version of every plan, in the catalogue's order; inactive and private ones too. */
export async function listCurrentPlans(tx: Tx): Promise<PlanRow[]> {
  const rows = await tx
    .selectFrom("plan")
    .select(columns)
    .where("is_current", "=", true)
    .orderBy("position")
    .orderBy("id")
    .execute();
  return rows.map(toPlan);
}

/** A plan's current version, or the given one; null: no such plan. */
export async function findPlan(tx: Tx, id: string, version?: number): Promise<PlanRow | null> {
  const row = await tx
    .selectFrom("plan")
    .select(columns)
    .where("id", "=", id)
    .where((eb) => (version === undefined ? eb("is_current", "=", true) : eb("version", "=", version)))
    .executeTakeFirst();
  return row ? toPlan(row) : null;
}

/** No plan but this one is the default any more: at most one may be, at every moment. */
export async function clearDefaultPlan(tx: Tx, except: string): Promise<void> {
  await tx
    .updateTable("plan")
    .set({ is_default: false })
    .where("is_default", "=", true)
    .where("is_current", "=", true)
    .where("id", "<>", except)
    .execute();
}

/** Writes a version and makes it the current one. */
export async function insertPlanVersion(tx: Tx, plan: NewPlanVersion): Promise<void> {
  const { id, version, definition } = plan;
  await tx
    .updateTable("plan")
    .set({ is_current: false })
    .where("id", "=", id)
    .where("is_current", "=", true)
    .execute();
  await tx
    .insertInto("plan")
    .values({
      id,
      version,
      ...labelsOf(definition),
      is_current: true,
      position: plan.position,
      grace_days: definition.graceDays,
      seats_kind: definition.seats.kind,
      seats_included: definition.seats.included,
      seats_max: definition.seats.kind === "auto" ? definition.seats.maxSeats : null,
      definition: JSON.stringify(definition),
      definition_hash: plan.terms,
      created_at: sql`clock_now()`,
    })
    .execute();
  const meters = Object.entries(definition.meters);
  if (meters.length > 0) {
    await tx
      .insertInto("plan_meter")
      .values(meters.map((entry) => toMeterRow(plan, entry)))
      .execute();
  }
  const otherPrices = meters.flatMap((entry) => toMeterPriceRows(plan, entry));
  if (otherPrices.length > 0) {
    await tx.insertInto("plan_meter_price").values(otherPrices).execute();
  }
  if (plan.prices.length > 0) {
    await tx
      .insertInto("plan_price")
      .values(plan.prices.map((price) => toPriceRow(plan, price)))
      .execute();
  }
}

/** Changes what is no term of a plan: its name, and whether it is listed, sold, the default. */
export async function updatePlanLabels(tx: Tx, id: string, definition: PlanDefinition): Promise<void> {
  await tx
    .updateTable("plan")
    .set({ ...labelsOf(definition), definition: JSON.stringify(definition) })
    .where("id", "=", id)
    .where("is_current", "=", true)
    .execute();
}

/** Takes a plan off sale; its subscribers keep it. */
export async function deactivatePlan(tx: Tx, id: string): Promise<void> {
  await tx
    .updateTable("plan")
    .set({ active: false, is_default: false })
    .where("id", "=", id)
    .where("is_current", "=", true)
    .execute();
}

export async function movePlan(tx: Tx, id: string, position: number): Promise<void> {
  await tx
    .updateTable("plan")
    .set({ position })
    .where("id", "=", id)
    .where("is_current", "=", true)
    .where("position", "<>", position)
    .execute();
}

function labelsOf(definition: PlanDefinition) {
  return {
    display_name: definition.displayName,
    is_default: definition.default,
    is_public: definition.public,
    active: definition.active,
  };
}

function toMeterRow(plan: NewPlanVersion, [meter, terms]: [string, MeterTerms]) {
  return {
    plan_id: plan.id,
    plan_version: plan.version,
    meter,
    daily_limit: terms.dailyLimit,
    included: terms.included,
    overage: terms.overage !== null,
    max_overage_default: terms.overage ? terms.overage.maxOverage : 0,
    max_overage_ceiling: terms.overage?.ceiling ?? null,
    unit_price: terms.overage?.unitPrice ?? null,
    currency: terms.overage?.currency ?? null,
    bill_above_cap: plan.billAboveCap,
  };
}

function toMeterPriceRows(plan: NewPlanVersion, [meter, { overage }]: [string, MeterTerms]) {
  return (overage?.otherPrices ?? []).map(({ currency, unitPrice }) => ({
    plan_id: plan.id,
    plan_version: plan.version,
    meter,
    currency,
    unit_price: unitPrice,
  }));
}

function toPriceRow(plan: NewPlanVersion, price: CatalogueEntry) {
  return {
    plan_id: plan.id,
    plan_version: plan.version,
    role: price.role,
    billing_interval: price.interval,
    currency: price.currency,
    unit_amount: price.unitAmount,
    lookup_key: price.lookupKey,
  };
}

/** What the reduction of subscriptions must know: every version that anybody may still be on. */
export async function readCatalogue(tx: Tx): Promise<Catalogue> {
  const { rows } = await sql<Pick<Catalogue, "plans" | "overageWhilePastDue"> & { prices: CataloguePrice[] }>`
    select (select coalesce(json_agg(json_build_object('id', id, 'version', version, 'graceDays', grace_days)), '[]')
        from plan) as plans,
      (select coalesce(json_agg(json_build_object('priceId', stripe_price_id, 'lookupKey', lookup_key, 'role', role,
        'planId', plan_id, 'planVersion', plan_version)), '[]') from plan_price) as prices,
      coalesce((select overage_while_past_due from configuration limit 1), false) as "overageWhilePastDue"`.execute(
    tx,
  );
  const { plans, prices, overageWhilePastDue } = rows[0] ?? {
    plans: [],
    prices: [],
    overageWhilePastDue: false,
  };
  const mapped = await listPriceMappings(tx);
  return { plans, prices: [...prices, ...mapped.flatMap(toCataloguePrice)], overageWhilePastDue };
}
