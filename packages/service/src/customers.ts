import { readClock } from "@headroom/db/clock";
import { findCustomer, linkCustomer } from "@headroom/db/customers";
import { findOrganization } from "@headroom/db/organizations";
import { type OrganizationRow, withOrganization } from "@headroom/db/tenancy";
import { DomainError } from "@headroom/domain/errors";
import type { ServiceContext } from "./context.ts";
import { readSettings } from "./organization-views.ts";
import { isKeptFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { notLive } from "./stripe/read-only.ts";

const mostKeys = 4;

/** A context that has Stripe. @throws DomainError billing_not_configured (503) without a key. */
export function requireStripe<Context extends { stripe: StripeGateway | null }>(
  context: Context,
): Context & { stripe: StripeGateway } {
  const { stripe } = context;
  if (stripe === null) {
    throw new DomainError("billing_not_configured", "Billing is not configured: there is no Stripe key.", {});
  }
  return { ...context, stripe };
}

/** As `requireStripe`, for what changes something there. @throws DomainError billing_not_configured in shadow mode too */
export function requireChanges<Context extends { stripe: StripeGateway | null }>(
  context: Context,
): Context & { stripe: StripeGateway } {
  const ready = requireStripe(context);
  if (ready.stripe.readOnly) {
    throw notLive();
  }
  return ready;
}

/**
 * The organization's Stripe customer, made at its first checkout: the idempotency key is the organization, so that a
 * crash or a race between Stripe's answer and our row makes no second one. Outside any transaction.
 */
export async function ensureCustomer(
  { db, stripe }: Pick<ServiceContext, "db"> & { stripe: StripeGateway },
  organizationId: string,
): Promise<string> {
  const known = await withOrganization(db, organizationId, (tx) => findCustomer(tx, organizationId));
  if (known !== null) {
    return known;
  }
  const customerId = await createCustomer(stripe, organizationId);
  const organization = await withOrganization(db, organizationId, async (tx) => {
    await linkCustomer(tx, organizationId, customerId, await readClock(tx));
    return findOrganization(tx, organizationId);
  });
  if (organization !== null) {
    await describe(stripe, customerId, organization, false);
  }
  return customerId;
}

/** A key that Stripe answers with an error for a day gives way to the next; whoever comes meanwhile takes the same. */
async function createCustomer(stripe: StripeGateway, organizationId: string, attempt = 1): Promise<string> {
  const key = attempt === 1 ? `cus:${organizationId}` : `cus:${organizationId}:${attempt}`;
  try {
    return await stripe.createCustomer(organizationId, key);
  } catch (error) {
    if (attempt === mostKeys || !isKeptFault(error)) {
      throw error;
    }
    return createCustomer(stripe, organizationId, attempt + 1);
  }
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
