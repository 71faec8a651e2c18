import { readClock } from "@headroom/db/clock";
import { findCustomer, linkCustomer, listFormerCustomers } from "@headroom/db/customers";
import { findOrganization } from "@headroom/db/organizations";
import { lockOrganization, type OrganizationRow, withOrganization } from "@headroom/db/tenancy";
import type { ServiceContext } from "./context.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { readSettings } from "./organization-views.ts";
import { isKeptFault, StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

const mostKeys = 4;
const leaseWaitMs = 5_000;

/**
 * The organization's Stripe customer, made at its first checkout, and again at the first one after it was deleted at Stripe.
 * The idempotency key is the organization, and the customer whose place is taken, so that a crash or a race between
 * Stripe's answer and our row makes no second one. Outside any transaction.
 */
export async function ensureCustomer(
  context: Pick<ServiceContext, "db"> & { stripe: StripeGateway },
  organizationId: string,
): Promise<string> {
  const { db, stripe } = context;
  const { known, last } = await withOrganization(db, organizationId, async (tx) => ({
    known: await findCustomer(tx, organizationId),
    last: (await listFormerCustomers(tx, organizationId))[0],
  }));
  if (known !== null) {
    return known;
  }
  const key = last === undefined ? `cus:${organizationId}` : `cus:${organizationId}:after:${last.customerId}`;
  const made = await createCustomer(stripe, organizationId, key);
  const { organization, customerId } = await withOrganization(db, organizationId, async (tx) => {
    const locked = await lockOrganization(tx, organizationId);
    await linkCustomer(tx, organizationId, made, await readClock(tx));
    return { organization: locked, customerId: await findCustomer(tx, organizationId) };
  });
  if (customerId === null) {
    // Made by somebody else under this key, and deleted since.
    return ensureCustomer(context, organizationId);
  }
  if (organization !== null) {
    await describe(stripe, customerId, organization, false);
  }
  return customerId;
}

/** A key that Stripe answers with an error for a day gives way to the next; whoever comes meanwhile takes the same. */
async function createCustomer(
  stripe: StripeGateway,
  organizationId: string,
  key: string,
  attempt = 1,
): Promise<string> {
  try {
    return await stripe.createCustomer(organizationId, attempt === 1 ? key : `${key}:${attempt}`);
  } catch (error) {
    if (attempt === mostKeys || !isKeptFault(error)) {
      throw error;
    }
    return createCustomer(stripe, organizationId, key, attempt + 1);
  }
}

/**
 * Looks whether an object was missing at Stripe because the organization's customer is: true when there is no such
 * customer any more, which is written down then, before any event of it.
 * @throws StripeFault
 */
export async function hasLostCustomer(
  context: Pick<ServiceContext, "db" | "log"> & { stripe: StripeGateway },
  organizationId: string,
  fault: unknown,
): Promise<boolean> {
  if (!(fault instanceof StripeFault && fault.kind === "missing")) {
    return false;
  }
  const find = () => withOrganization(context.db, organizationId, (tx) => findCustomer(tx, organizationId));
  const customerId = await find();
  if (customerId !== null) {
    await withCustomerLease(context, customerId, (lease) => refreshCustomer(context, lease, organizationId), {
      waitMs: leaseWaitMs,
    });
  }
  return (await find()) !== customerId || customerId === null;
}

/**
 * Tells Stripe the name and address that invoices show, as they are now. Where the organization names no address, Stripe's
 * stays: whoever pays gives theirs on the checkout's page. Only one that was ours is taken away.
 * @param context `db` as hr_worker. @throws StripeFault
 */
export async function describeCustomer(
  { db, stripe }: Pick<ServiceContext, "db" | "stripe">,
  { organizationId, emailWithdrawn = false }: { organizationId: string; emailWithdrawn?: boolean },
): Promise<void> {
  const [organization, customerId] = await withOrganization(db, organizationId, async (tx) => [
    await findOrganization(tx, organizationId),
    await findCustomer(tx, organizationId),
  ]);
  if (organization !== null && customerId !== null && stripe !== null && !stripe.readOnly) {
    await describe(stripe, customerId, organization, emailWithdrawn);
  }
}

function describe(
  stripe: StripeGateway,
  customerId: string,
  organization: OrganizationRow,
  emailWithdrawn: boolean,
): Promise<void> {
  const { billingEmail: email } = readSettings(organization);
  const { name } = organization;
  return stripe.describeCustomer(customerId, email === null && !emailWithdrawn ? { name } : { name, email });
}
