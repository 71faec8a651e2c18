import { endCheckouts } from "@headroom/db/checkouts";
import { buryCustomer, findCustomer } from "@headroom/db/customers";
import { enqueue } from "@headroom/db/jobs";
import { reopenOverages, wakeOverages } from "@headroom/db/overages";
import { readCatalogue } from "@headroom/db/plans";
import { forgetWaitingPlan, supersedeChanges } from "@headroom/db/subscription-intents";
import { readSubscription, writeSubscription } from "@headroom/db/subscriptions";
import type { OrganizationRow, Tx } from "@headroom/db/tenancy";
import { reduceSubscription } from "@headroom/domain/billing";
import { encodeId } from "@headroom/domain/ids";
import { canonical } from "@headroom/domain/plans";
import { isLiveAtStripe, type SubscriptionFacts, transitionsOf } from "@headroom/domain/subscriptions";
import { queuePaymentFailed, queueTrialEnding } from "./billing-mails.ts";
import { recordChange } from "./changes.ts";
import type { CustomerState } from "./stripe/gateway.ts";

/**
 * Writes what Stripe has of an organization's customer, and lets whatever waited for it go on. The caller holds the
 * organization's lock and the customer's lease; the same state written twice changes nothing. Of a customer that the
 * organization had before and that was deleted at Stripe nothing is written, however late its events come.
 * @param state as just fetched; null: Stripe has no such customer any more.
 */
export async function applyCustomer(
  tx: Tx,
  organization: OrganizationRow,
  { customerId, state }: { customerId: string; state: CustomerState | null },
  now: Date,
): Promise<SubscriptionFacts> {
  const organizationId = organization.id;
  if ((await findCustomer(tx, organizationId)) !== customerId) {
    return (await readSubscription(tx, organizationId)).facts;
  }
  const facts = await writeState(tx, organization, state, now);
  if (state === null) {
    await bury(tx, organizationId, customerId, now);
  }
  if (organization.deleted_at === null) {
    await queueTrialEnding(tx, organization, facts, now);
  }
  if (organization.deleted_at !== null && isLiveAtStripe(facts) && facts.cancelAt === null) {
    const jobKey = `cancel_subscriptions:${organizationId}`;
    await enqueue(tx, "cancel_subscriptions", { organizationId }, { jobKey });
  }
  if ((await wakeOverages(tx, organizationId)) > 0) {
    await enqueue(tx, "report_overage", {}, { jobKey: "report_overage" });
  }
  return facts;
}

/** What was asked for at Stripe was asked for in the name of one who is gone. */
async function bury(tx: Tx, organizationId: string, customerId: string, now: Date): Promise<void> {
  await buryCustomer(tx, customerId, now);
  await endCheckouts(tx, organizationId);
  await supersedeChanges(tx, organizationId);
  await forgetWaitingPlan(tx, organizationId);
  await reopenOverages(tx, organizationId);
  await enqueue(tx, "report_overage", {}, { jobKey: "report_overage" });
}

/** Reduces and writes; nothing is written where nothing changed. The caller holds lock and lease. */
async function writeState(
  tx: Tx,
  organization: OrganizationRow,
  customer: CustomerState | null,
  now: Date,
): Promise<SubscriptionFacts> {
  const organizationId = organization.id;
  const { facts: previous } = await readSubscription(tx, organizationId);
  const catalogue = await readCatalogue(tx);
  const subscriptions = customer?.subscriptions ?? [];
  const { facts, periodStart } = reduceSubscription(subscriptions, catalogue, previous, now.getTime());
  // Stripe keeps a customer to one currency: the next one is free to choose.
  const written = customer === null ? { ...facts, currency: null } : facts;
  await writeFacts(tx, organization, { previous, facts: written, periodStart, now });
  return written;
}

/** Writes facts with their audit trail, mail and event; nothing where nothing changed. The caller holds the lock. */
export async function writeFacts(
  tx: Tx,
  organization: OrganizationRow,
  change: { previous: SubscriptionFacts; facts: SubscriptionFacts; periodStart: number | null; now: Date },
): Promise<void> {
  const { previous, facts, periodStart, now } = change;
  const organizationId = organization.id;
  if (canonical(facts) === canonical(previous)) {
    return;
  }
  await writeSubscription(tx, organizationId, facts, { periodStart, now });
  const actor = { kind: "system", name: "stripe" } as const;
  for (const { action, data } of transitionsOf(previous, facts)) {
    const target = encodeId("org", organizationId);
    await recordChange(tx, { organizationId, actor, audit: { action, target, data } });
  }
  if (facts.state === "past_due" && previous.state !== "past_due") {
    await queuePaymentFailed(tx, organization, facts, now);
  }
  await recordChange(tx, {
    organizationId,
    actor,
    events: [{ name: "entitlements.changed", payload: {} }],
  });
}
