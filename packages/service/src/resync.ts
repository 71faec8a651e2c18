import { findCustomer } from "@headroom/db/customers";
import { enqueue } from "@headroom/db/jobs";
import { withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { noSubscriptionError } from "@headroom/domain/plan-changes";
import { differingFacts, type SubscriptionFacts } from "@headroom/domain/subscriptions";
import { type Access, organizationNotFound } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { answerWithinMs, withinDeadline } from "./stripe/deadlines.ts";
import { forWaitingPerson } from "./stripe/faults.ts";
import { requireStripe } from "./stripe/requirements.ts";

export type FactValue = string | number | boolean | null;

/** What a look at Stripe came to. */
export interface Resync {
  changed: boolean;
  /** Each fact of the subscription that was another; times in ISO 8601. */
  changes: { fact: string; before: FactValue; after: FactValue }[];
}

/**
 * Reads an organization's customer from Stripe now and writes what it has, whatever events came or did not: for an
 * operator who does not believe what is shown. Audited, also when nothing was another.
 * @param options.waitMs how long to wait for whoever works on the customer
 * @throws DomainError billing_not_configured and unavailable (503), no_subscription (409) where there is no customer
 */
export async function resync(
  context: ServiceContext,
  access: Access,
  { waitMs = 5_000 }: { waitMs?: number } = {},
): Promise<Resync> {
  const ready = requireStripe(context);
  const { organizationId, actor } = access;
  const customerId = await withOrganization(ready.db, organizationId, (tx) =>
    findCustomer(tx, organizationId),
  );
  if (customerId === null) {
    throw noSubscriptionError();
  }
  let changes: Resync["changes"] = [];
  const outcome = await withCustomerLease(
    ready,
    customerId,
    async (lease) => ({
      facts: await forWaitingPerson(() =>
        withinDeadline(answerWithinMs, () =>
          refreshCustomer(ready, lease, organizationId, async (tx, before, after) => {
            changes = changesBetween(before, after);
            await recordChange(tx, {
              organizationId,
              actor,
              audit: {
                action: "subscription.resynced",
                target: encodeId("org", organizationId),
                data: { customer: customerId, changed: changes.map(({ fact }) => fact) },
              },
            });
            // Events that come meanwhile find the lease taken, and are left to the sweep.
            await enqueue(tx, "sweep_inbox", {}, { jobKey: "sweep_inbox_after_change" });
          }),
        ),
      ),
    }),
    { waitMs },
  );
  if (outcome === "busy") {
    throw new DomainError("unavailable", "Somebody else is changing the subscription. Try again.");
  }
  if (outcome.facts === null) {
    throw organizationNotFound();
  }
  return { changed: changes.length > 0, changes };
}

function changesBetween(before: SubscriptionFacts, after: SubscriptionFacts): Resync["changes"] {
  return differingFacts(before, after).map((fact) => ({
    fact,
    before: tell(before, fact as keyof SubscriptionFacts),
    after: tell(after, fact as keyof SubscriptionFacts),
  }));
}

const instants: readonly string[] = [
  "limitsUntil",
  "anchor",
  "periodStart",
  "periodEnd",
  "trialEnd",
  "cancelAt",
  "pastDueSince",
];

function tell(facts: SubscriptionFacts, fact: keyof SubscriptionFacts): FactValue {
  const value = facts[fact];
  if (typeof value === "object" && value !== null) {
    return `${value.planId} v${value.planVersion} at ${new Date(value.at).toISOString()}`;
  }
  return typeof value === "number" && instants.includes(fact) ? new Date(value).toISOString() : value;
}
