import { findCustomer } from "@headroom/db/customers";
import { readCatalogue } from "@headroom/db/plans";
import { readSubscription } from "@headroom/db/subscriptions";
import { lockOrganization, withOrganization, withSystem } from "@headroom/db/tenancy";
import { listUnsettledPushes } from "@headroom/db/usage-push-settling";
import { decideMigration } from "@headroom/domain/plan-migrations";
import type { SubscriptionFacts } from "@headroom/domain/subscriptions";
import type { ServiceContext } from "./context.ts";
import { type CustomerLease, withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { judgePush } from "./meter-settling.ts";
import { recordMove } from "./plan-migration-rows.ts";
import type { MigrationPlan, MigrationStep } from "./plan-migration-terms.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

type Context = Pick<ServiceContext, "db" | "log" | "stripe">;

const leaseWaitMs = 10_000;

/** Moves an organization's subscription at Stripe, when it is on one of the versions; null: it is not. */
export async function moveSubscription(
  { db, log, stripe }: Context,
  organizationId: string,
  plan: MigrationPlan,
): Promise<MigrationStep | null> {
  const { facts, customerId } = await withOrganization(db, organizationId, async (tx) => ({
    facts: (await readSubscription(tx, organizationId)).facts,
    customerId: await findCustomer(tx, organizationId),
  }));
  const { source, planId, planVersion: from } = facts;
  const isOn = source === "stripe" && planId === plan.planId && from !== null && plan.from.includes(from);
  if (!isOn || customerId === null) {
    return null;
  }
  if (stripe === null) {
    return step(from, "skipped", "billing_not_configured");
  }
  const context = { db, log, stripe };
  const work = (lease: CustomerLease) => underLease(context, lease, { organizationId, facts, from, plan });
  try {
    const done = await withCustomerLease(context, customerId, work, { waitMs: leaseWaitMs });
    return done === "busy" ? step(from, "failed", "busy") : done;
  } catch (error) {
    // A key that is refused is refused for everybody.
    if (error instanceof StripeFault && error.kind !== "credentials") {
      log.warn({ err: error, organizationId }, "subscription not moved to another version of its plan");
      return step(from, "failed", error.kind);
    }
    throw error;
  }
}

interface Subject {
  organizationId: string;
  facts: SubscriptionFacts;
  from: number;
  plan: MigrationPlan;
}

async function underLease(
  context: Context & { stripe: StripeGateway },
  lease: CustomerLease,
  { organizationId, facts, from, plan }: Subject,
): Promise<MigrationStep> {
  const { db, stripe } = context;
  if (!plan.dryRun && (await hasUsageOpen(context, organizationId))) {
    return step(from, "skipped", "usage_unbilled");
  }
  const customer = await stripe.fetchCustomer(lease.customerId);
  const catalogue = await withSystem(db, readCatalogue);
  const subscription = customer?.subscriptions.find(({ id }) => id === facts.subscriptionId);
  const move = decideMigration(subscription, catalogue, plan.prices, plan);
  if (typeof move === "string" || subscription === undefined) {
    const reason = typeof move === "string" ? move : "subscription_not_running";
    return step(from, "skipped", reason);
  }
  if (!plan.dryRun) {
    await stripe.updateSubscription(subscription.id, move, `migrate:${plan.run}:${subscription.id}`);
    await refreshCustomer(context, lease, organizationId);
    await withOrganization(db, organizationId, async (tx) => {
      await lockOrganization(tx, organizationId);
      await lease.assertHeld(tx);
      await recordMove(tx, organizationId, plan, { kind: "subscription", from });
    });
  }
  return step(from, plan.at === "now" ? "moved" : "scheduled", null);
}

/**
 * True while a renewal's draft is to bill what a meter was told: taking the item away that its line is of is left for when
 * it is final, an hour later.
 */
async function hasUsageOpen(
  context: Context & { stripe: StripeGateway },
  organizationId: string,
): Promise<boolean> {
  const pushes = await withOrganization(context.db, organizationId, (tx) =>
    listUnsettledPushes(tx, organizationId),
  );
  for (const push of pushes) {
    if ((await judgePush(context, push)) === "open") {
      return true;
    }
  }
  return false;
}

function step(
  from: number,
  outcome: MigrationStep["outcome"],
  reason: MigrationStep["reason"],
): MigrationStep {
  return { kind: "subscription", from, outcome, reason };
}
