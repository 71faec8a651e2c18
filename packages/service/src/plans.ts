import { createHash } from "node:crypto";
import { listMeters, writeConfiguration, writeMeters } from "@headroom/db/configurations";
import { wakeUnknownPrices } from "@headroom/db/inbox-parking";
import { addPrices } from "@headroom/db/plan-prices";
import {
  clearDefaultPlan,
  deactivatePlan,
  insertPlanVersion,
  listCurrentPlans,
  lockCatalogue,
  movePlan,
  updatePlanLabels,
} from "@headroom/db/plans";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import type { Configuration } from "@headroom/domain/configuration";
import { diffPlans, type PlanChange, pricesOf, termsOf, usagePricesOf } from "@headroom/domain/plans";
import type { ServiceContext } from "./context.ts";
import { recordOperatorAct, unnamedOperator } from "./operator-acts.ts";
import { type PlanView, toPlanView } from "./plan-views.ts";
import { pushToStripe, type Report, type StripePush } from "./stripe/catalogue-push.ts";

export interface MeterChange {
  name: string;
  change: "created" | "updated" | "deactivated" | "unchanged";
}

/** What of Stripe is null: there is no key, or billing is not live, so nothing was compared. */
export interface PlanPush extends Nullable<StripePush> {
  meters: MeterChange[];
  plans: PlanChange[];
}

type Nullable<Fields> = { [Name in keyof Fields]: Fields[Name] | null };

/** The plans that anybody can see and buy, in the catalogue's order. */
export async function listPlans(
  context: Pick<ServiceContext, "db" | "configuration">,
): Promise<{ plans: PlanView[] }> {
  const rows = await withSystem(context.db, listCurrentPlans);
  const listed = rows.filter((plan) => plan.active && plan.public);
  return { plans: listed.map((plan) => toPlanView(plan, context.configuration)) };
}

/**
 * Makes the database's catalogue, and Stripe's, what the configuration says. A plan whose terms differ becomes a new
 * version; a plan that is gone is taken off sale; at Stripe, prices that nobody can buy or is on are archived. Run again
 * it changes nothing; killed half way, the next run completes it: the database is written in one transaction, and what
 * Stripe has is looked up before it is made.
 * @param context `db` as hr_worker.
 */
export async function pushPlans(
  context: Pick<ServiceContext, "db" | "configuration" | "stripe">,
  { dryRun, operator = unnamedOperator, report }: PushOptions,
): Promise<PlanPush> {
  const { db, configuration, stripe } = context;
  const { meters, plans } = await withSystem(db, async (tx) => {
    await lockCatalogue(tx);
    const found = { meters: await diffMeters(tx, configuration), plans: await diff(tx, configuration) };
    if (!dryRun) {
      await writeCatalogue(tx, configuration, found.plans);
      await recordPush(tx, operator, found);
    }
    return found;
  });
  const pushed =
    stripe &&
    !stripe.readOnly &&
    (await pushToStripe({ db, configuration, stripe }, plans, { dryRun, report }));
  if (!dryRun) {
    await withSystem(db, wakeUnknownPrices);
  }
  return { meters, plans, ...(pushed || { products: null, prices: null, stripeMeters: null, portal: null }) };
}

export interface PushOptions {
  dryRun: boolean;
  operator?: Actor;
  report?: Report;
}

/** An act only when it changed something. */
async function recordPush(tx: Tx, operator: Actor, found: Pick<PlanPush, "meters" | "plans">): Promise<void> {
  const meters = found.meters.filter(({ change }) => change !== "unchanged");
  const plans = found.plans.filter(({ change }) => change !== "unchanged");
  if (meters.length + plans.length > 0) {
    await recordOperatorAct(tx, operator, { action: "plans.pushed", target: null, data: { meters, plans } });
  }
}

function digest(terms: string): string {
  return createHash("sha256").update(terms).digest("hex");
}

async function diff(tx: Tx, configuration: Configuration): Promise<PlanChange[]> {
  return diffPlans(configuration, await listCurrentPlans(tx), digest);
}

async function diffMeters(tx: Tx, { meters, defaultMeter }: Configuration): Promise<MeterChange[]> {
  const stored = await listMeters(tx);
  const configured = Object.entries(meters).map(([name, { displayName }]): MeterChange => {
    const now = stored.find((meter) => meter.name === name);
    const same = now?.active && now.displayName === displayName && now.isDefault === (name === defaultMeter);
    return { name, change: now ? (same ? "unchanged" : "updated") : "created" };
  });
  const removed = stored.filter((meter) => !Object.hasOwn(meters, meter.name));
  return [
    ...configured,
    ...removed.map(
      ({ name, active }): MeterChange => ({ name, change: active ? "deactivated" : "unchanged" }),
    ),
  ];
}

async function writeCatalogue(tx: Tx, configuration: Configuration, changes: PlanChange[]): Promise<void> {
  const { meters, defaultMeter, plans, policies } = configuration;
  const named = Object.entries(meters).map(([name, { displayName }]) => ({ name, displayName }));
  await writeMeters(tx, named, defaultMeter);
  await writeConfiguration(tx, {
    overageWhilePastDue: policies.overage.whilePastDue === "allow",
    billAboveCap: policies.overage.billAboveCap,
    settlePlanChanges: policies.overage.onPlanChange === "settle",
  });
  for (const [id] of Object.entries(plans).filter(([, plan]) => plan.default)) {
    await clearDefaultPlan(tx, id);
  }
  for (const [position, change] of changes.entries()) {
    await writePlan(tx, configuration, change, position);
  }
  if (policies.overage.sink === "meter") {
    await addPrices(
      tx,
      changes.flatMap(({ id, version }) => {
        const plan = plans[id];
        return plan ? usagePricesOf({ id, version }, plan) : [];
      }),
    );
  }
}

async function writePlan(
  tx: Tx,
  { plans, policies }: Configuration,
  { id, version, change }: PlanChange,
  position: number,
): Promise<void> {
  const definition = plans[id];
  if (!definition) {
    await deactivatePlan(tx, id);
    return;
  }
  if (change === "created" || change === "new_version") {
    const { billAboveCap } = policies.overage;
    const terms = digest(termsOf(definition, billAboveCap));
    const prices = pricesOf({ id, version }, definition);
    await insertPlanVersion(tx, { id, version, definition, terms, billAboveCap, position, prices });
  } else if (change === "updated") {
    await updatePlanLabels(tx, id, definition);
  }
  await movePlan(tx, id, position);
}
