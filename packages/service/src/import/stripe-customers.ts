import { readClock } from "@headroom/db/clock";
import { noteSynced } from "@headroom/db/customer-leases";
import { type CustomerLink, findCustomer, linkCustomer, listLinks } from "@headroom/db/customers";
import { findReferences } from "@headroom/db/organization-references";
import { findOrganization, findOrganizationBySlug } from "@headroom/db/organizations";
import { readSubscription } from "@headroom/db/subscriptions";
import { lockOrganization, withOrganization, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import type { ImportOutcome } from "@headroom/domain/customer-imports";
import { decodeId, encodeId } from "@headroom/domain/ids";
import { isLiveAtStripe } from "@headroom/domain/subscriptions";
import { failpoint } from "@headroom/platform/failpoints";
import type { ServiceContext } from "../context.ts";
import { withCustomerLease } from "../customer-leases.ts";
import { refreshCustomer } from "../customer-sync.ts";
import { recordOperatorAct } from "../operator-acts.ts";
import type { StripeGateway } from "../stripe/gateway.ts";
import { applyCustomer } from "../subscriptions.ts";

type Context = Pick<ServiceContext, "db" | "log"> & { stripe: StripeGateway };

const leaseWaitMs = 5_000;

/**
 * Links a customer to its organization and writes what Stripe has of it, in one transaction.
 * @param context `db` as hr_worker. @throws StripeFault; Error when another process works on the customer
 */
export async function linkToOrganization(
  context: Context,
  { customerId, organizationId }: CustomerLink,
  operator: Actor,
): Promise<
  Extract<ImportOutcome, "linked" | "already_linked" | "deleted_customer" | "unknown_organization"> | "taken"
> {
  const { db, stripe } = context;
  const outcome = await withCustomerLease(
    context,
    customerId,
    async (lease) => {
      const customer = await stripe.fetchCustomer(customerId);
      if (customer === null) {
        return "deleted_customer" as const;
      }
      return withOrganization(db, organizationId, async (tx) => {
        const organization = await lockOrganization(tx, organizationId);
        await lease.assertHeld(tx);
        if (organization === null) {
          return "unknown_organization" as const;
        }
        // Another import was faster: what it wrote is what Stripe had a moment ago.
        if ((await findCustomer(tx, organizationId)) === customerId) {
          return "already_linked" as const;
        }
        const now = await readClock(tx);
        if (!(await linkCustomer(tx, organizationId, customerId, now))) {
          return "taken" as const;
        }
        const facts = await applyCustomer(tx, organization, { customerId, state: customer }, now);
        const live = isLiveAtStripe(facts);
        await noteSynced(tx, customerId, { seq: null, checkedAt: lease.takenAt, live });
        await recordOperatorAct(tx, operator, {
          action: "stripe.customer_linked",
          target: encodeId("org", organizationId),
          data: { customer: customerId },
        });
        return "linked" as const;
      });
    },
    { waitMs: leaseWaitMs },
  );
  if (outcome === "busy") {
    throw new Error(`another process works on the customer ${customerId}: try again`);
  }
  failpoint("import.customer_linked");
  return outcome;
}

/**
 * Reads a linked customer again whose state could not be read whole before: its price may be known now.
 * @param pays it has a live subscription with a price of ours
 */
export async function refreshLinked(context: Context, link: CustomerLink, pays: boolean): Promise<void> {
  const { customerId, organizationId } = link;
  const { facts } = await withOrganization(context.db, organizationId, (tx) =>
    readSubscription(tx, organizationId),
  );
  if (facts.attention !== null || (pays && facts.subscriptionId === null)) {
    const work = (lease: Parameters<typeof refreshCustomer>[1]) =>
      refreshCustomer(context, lease, organizationId);
    await withCustomerLease(context, customerId, work, { waitMs: leaseWaitMs });
  }
}

const namesAtOnce = 1_000;

/** What names stand for: `org_…`, the id that an organization was imported under, or its slug. Raw UUIDs. */
export async function resolveOrganizations(
  { db }: Pick<ServiceContext, "db">,
  names: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const all = [...names];
  for (let from = 0; from < all.length; from += namesAtOnce) {
    const some = all.slice(from, from + namesAtOnce);
    const references = await findReferences(db.kysely, some);
    for (const name of some) {
      const id =
        decodeId("org", name) ?? references.get(name) ?? (await findOrganizationBySlug(db.kysely, name));
      if (id !== null && (await isLiving(db, id))) {
        found.set(name, id);
      }
    }
  }
  return found;
}

async function isLiving(db: Context["db"], organizationId: string): Promise<boolean> {
  return (await withOrganization(db, organizationId, (tx) => findOrganization(tx, organizationId))) !== null;
}

/** The links of customers and organizations, in portions. */
export async function readLinks(
  { db }: Pick<ServiceContext, "db">,
  wanted: { customerIds: readonly string[]; organizationIds: readonly string[] },
): Promise<CustomerLink[]> {
  const { customerIds, organizationIds } = wanted;
  const found: CustomerLink[] = [];
  for (let from = 0; from < Math.max(customerIds.length, organizationIds.length); from += namesAtOnce) {
    const some = {
      customerIds: customerIds.slice(from, from + namesAtOnce),
      organizationIds: organizationIds.slice(from, from + namesAtOnce),
    };
    found.push(...(await withSystem(db, (tx) => listLinks(tx, some))));
  }
  return found;
}
