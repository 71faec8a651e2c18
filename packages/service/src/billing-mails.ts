import { readClock, readLocalDate } from "@headroom/db/clock";
import { listVerifiedEmails } from "@headroom/db/members";
import { findOrganization } from "@headroom/db/organizations";
import { findPlan } from "@headroom/db/plans";
import { type OrganizationRow, type Tx, withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { foldEmail, parseEmail } from "@headroom/domain/invites";
import { roleMay, roles } from "@headroom/domain/permissions";
import type { SubscriptionFacts } from "@headroom/domain/subscriptions";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import { queueMail } from "./notifications.ts";

/**
 * Writes down the mail about a subscription that has just fallen behind, in the transaction that notes it: to the
 * organization's billing address, or to the holders of its top role where it has none.
 */
export async function queuePaymentFailed(
  tx: Tx,
  organization: OrganizationRow,
  facts: Pick<SubscriptionFacts, "limitsUntil">,
  at: Date,
): Promise<void> {
  const transition = uuidv7();
  const limitsUntil = facts.limitsUntil === null ? null : new Date(facts.limitsUntil).toISOString();
  for (const to of await whoPays(tx, organization)) {
    await queueMail(tx, {
      organizationId: organization.id,
      template: "payment_failed",
      to,
      facts: { organizationName: organization.name, limitsUntil },
      dedupeKey: `payment_failed:${transition}:${foldEmail(to)}`,
      at,
    });
  }
}

/** How long before its end a trial is told of: as Stripe's `customer.subscription.trial_will_end` is. */
const trialNotice = 3 * 86_400_000;

/**
 * Writes down the mail about a trial that ends within three days, once for each subscription and end of its trial; none where
 * it ends by a cancellation. Whatever brings the state in, an event or a sweep, may call it.
 */
export async function queueTrialEnding(
  tx: Tx,
  organization: OrganizationRow,
  facts: SubscriptionFacts,
  at: Date,
): Promise<void> {
  const { state, trialEnd, cancelAt, subscriptionId, planId, planVersion } = facts;
  const left = (trialEnd ?? 0) - at.getTime();
  if (state !== "trialing" || trialEnd === null || cancelAt !== null || left <= 0 || left > trialNotice) {
    return;
  }
  const plan = await findPlan(tx, planId ?? "", planVersion ?? 0);
  const end = new Date(trialEnd).toISOString();
  for (const to of await whoPays(tx, organization)) {
    await queueMail(tx, {
      organizationId: organization.id,
      template: "trial_ending",
      to,
      facts: {
        organizationName: organization.name,
        plan: plan?.definition.displayName ?? planId ?? "",
        trialEnd: end,
      },
      dedupeKey: `trial_ending:${subscriptionId}:${end}:${foldEmail(to)}`,
      at,
    });
  }
}

async function whoPays(tx: Tx, { id, settings }: OrganizationRow): Promise<readonly string[]> {
  const { billingEmail } = settings as { billingEmail?: unknown };
  if (typeof billingEmail === "string" && isEmail(billingEmail)) {
    return [billingEmail];
  }
  // Whoever applies what Stripe says knows no policies: where nobody owns, admins are at the top.
  const owners = await listVerifiedEmails(tx, id, ["owner"]);
  return owners.length > 0 ? owners : listVerifiedEmails(tx, id, ["admin"]);
}

function isEmail(text: string): boolean {
  try {
    return parseEmail(text) === text;
  } catch {
    return false;
  }
}

/** Organizations whose refusals are being written down: a burst of them is one. */
const underWay = new Set<string>();

/**
 * Runs a call that may be refused for full seats. If it is, those who manage billing are told by mail, at most once
 * per organization's day, after the answer: the refusal neither waits for it nor fails with it.
 */
export async function withSeatNotice<Result>(
  context: Pick<ServiceContext, "db" | "configuration" | "log">,
  organizationId: string,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof DomainError && error.code === "seat_limit_reached") {
      tellSeatLimit(context, organizationId, error);
    }
    throw error;
  }
}

/** Begins to tell, and returns at once. For calls that report a refusal instead of throwing it. */
export function tellSeatLimit(
  context: Pick<ServiceContext, "db" | "configuration" | "log">,
  organizationId: string,
  refusal: Pick<DomainError, "details">,
): void {
  if (underWay.has(organizationId)) {
    return;
  }
  underWay.add(organizationId);
  queueSeatLimit(context, organizationId, refusal)
    .catch((error: unknown) => context.log.warn({ err: error, organizationId }, "seat notice not written"))
    .finally(() => underWay.delete(organizationId));
}

async function queueSeatLimit(
  { db, configuration }: Pick<ServiceContext, "db" | "configuration">,
  organizationId: string,
  refusal: Pick<DomainError, "details">,
): Promise<void> {
  const numbers = refusal.details as { limit: number; members: number; pending: number };
  const { upgradePlans } = refusal.details as { upgradePlans: { displayName: string }[] };
  const managing = roles.filter((role) => roleMay(role, "billing.manage", configuration.policies));
  await withOrganization(db, organizationId, async (tx) => {
    const organization = await findOrganization(tx, organizationId);
    if (organization === null) {
      return;
    }
    const at = await readClock(tx);
    const day = await readLocalDate(tx, organization.time_zone, at);
    for (const to of await listVerifiedEmails(tx, organizationId, managing)) {
      await queueMail(tx, {
        organizationId,
        template: "seat_limit",
        to,
        facts: {
          organizationName: organization.name,
          limit: numbers.limit,
          members: numbers.members,
          pending: numbers.pending,
          upgradePlans: upgradePlans.map(({ displayName }) => displayName),
        },
        dedupeKey: `seat_limit:${day}:${foldEmail(to)}`,
        at,
      });
    }
  });
}
