import type { Actor } from "@headroom/domain/actors";
import type { Catalogue } from "@headroom/domain/catalogue";
import {
  claimsOf,
  digestOf,
  type ImportCandidate,
  type ImportOutcome,
  type Links,
  linkedOutcomes,
  noDigest,
  outcomeOf,
  type SubscriptionDigest,
  soundOutcomes,
} from "@headroom/domain/customer-imports";
import { encodeId } from "@headroom/domain/ids";
import type { ServiceContext } from "../context.ts";
import type { StripeGateway } from "../stripe/gateway.ts";
import { paced } from "../stripe/pace.ts";
import { requireStripe } from "../stripe/requirements.ts";
import { linkToOrganization, readLinks, refreshLinked, resolveOrganizations } from "./stripe-customers.ts";
import type { StripeMapping } from "./stripe-mapping.ts";
import { type MappedPrice, mapPrices } from "./stripe-prices.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

export interface StripeImportInput {
  mapping: StripeMapping;
  /** Read everything, write nothing. */
  dryRun: boolean;
  operator: Actor;
  onProgress?: (done: number, total?: number) => void;
}

export interface ImportedCustomer {
  customer: string;
  /** As it was named; null: nothing names one. */
  organization: string | null;
  /** `org_…`; null: there is none, or not exactly one. */
  organizationId: string | null;
  outcome: ImportOutcome;
}

export interface StripeImport {
  dryRun: boolean;
  prices: MappedPrice[];
  /** Those that the mapping or metadata name, and those that pay for a plan of ours. */
  customers: ImportedCustomer[];
  counts: Partial<Record<ImportOutcome, number>>;
  /** Customers of the account that have nothing to do with us. */
  others: number;
}

/** A part of what Stripe allows. A customer takes two requests. */
const requestsPerSecond = 10;

/**
 * Links the customers of a Stripe account to organizations: those that the mapping names, then those whose own metadata, or
 * whose subscription's, names one (`headroom_organization`); never by e-mail. What contradicts itself is reported and not
 * linked. Each link is a transaction of its own: killed half way, the next run goes on.
 * @param context `db` as hr_worker. @throws DomainError billing_not_configured, validation_failed; StripeFault
 */
export async function importCustomers(context: Context, input: StripeImportInput): Promise<StripeImport> {
  const ready = requireStripe(context);
  const { mapping, dryRun, onProgress = () => undefined } = input;
  const { prices, catalogue } = await mapPrices(ready, mapping.prices, input);
  const account = await readAccount(ready.stripe, catalogue, mapping, onProgress);
  const named = await resolveAll(ready, account);
  const links = await linksOf(ready, named);
  const candidates = named.map((candidate) => withLink(candidate, links));
  const claims = claimsOf(candidates);
  const result: StripeImport = { dryRun, prices, customers: [], counts: {}, others: account.others };
  const slow = { ...ready, stripe: paced(ready.stripe, requestsPerSecond) };
  for (const [index, candidate] of candidates.entries()) {
    const planned = outcomeOf(candidate, links, claims);
    const outcome = dryRun
      ? planned
      : await carryOut(slow, candidate, planned, { links, operator: input.operator });
    result.customers.push(toView(candidate, outcome));
    result.counts[outcome] = (result.counts[outcome] ?? 0) + 1;
    onProgress(index + 1, candidates.length);
  }
  return result;
}

/** True when somebody has to look at a customer. */
export function needsLook({ counts }: StripeImport): boolean {
  return (Object.keys(counts) as ImportOutcome[]).some((outcome) => !soundOutcomes.includes(outcome));
}

interface AccountCustomer {
  exists: boolean;
  names: Set<string>;
  /** The mapping names its organization: metadata is not asked. */
  mapped: boolean;
  digest: SubscriptionDigest;
}

interface Account {
  customers: Map<string, AccountCustomer>;
  others: number;
}

/** What the mapping and the account say of every customer; of each no more is kept than what decides. */
async function readAccount(
  stripe: StripeGateway,
  catalogue: Catalogue,
  mapping: StripeMapping,
  onProgress: (done: number) => void,
): Promise<Account> {
  const customers = new Map<string, AccountCustomer>();
  const of = (id: string): AccountCustomer => {
    const known = customers.get(id) ?? { exists: false, names: new Set(), mapped: false, digest: noDigest };
    customers.set(id, known);
    return known;
  };
  for (const { customerId, organization } of mapping.customers) {
    const customer = of(customerId);
    customer.mapped = true;
    customer.names.add(organization);
  }
  const name = (customer: AccountCustomer, organizationId: string | null) => {
    if (organizationId !== null && !customer.mapped) {
      customer.names.add(encodeId("org", organizationId));
    }
  };
  let read = 0;
  for await (const { id, organizationId } of stripe.listCustomers()) {
    const customer = of(id);
    customer.exists = true;
    name(customer, organizationId);
    onProgress(++read);
  }
  for await (const { customerId, organizationId, subscription } of stripe.listSubscriptions()) {
    const customer = customers.get(customerId);
    if (customer !== undefined) {
      name(customer, organizationId);
      customer.digest = digestOf(customer.digest, subscription, catalogue);
    }
    onProgress(++read);
  }
  let others = 0;
  for (const [id, { names, digest }] of customers) {
    if (names.size === 0 && digest.ours === 0) {
      customers.delete(id);
      others += 1;
    }
  }
  return { customers, others };
}

async function resolveAll(context: Context, { customers }: Account): Promise<ImportCandidate[]> {
  const names = new Set([...customers.values()].flatMap((customer) => [...customer.names]));
  const found = await resolveOrganizations(context, names);
  return [...customers].map(([customerId, { names: own, exists, digest }]) => ({
    customerId,
    organizations: [...own].map((name) => ({ name, id: found.get(name) ?? null })),
    exists,
    digest,
  }));
}

async function linksOf(context: Context, candidates: readonly ImportCandidate[]): Promise<Links> {
  const links = await readLinks(context, {
    customerIds: candidates.map(({ customerId }) => customerId),
    organizationIds: candidates.flatMap(({ organizations }) => organizations.flatMap(({ id }) => id ?? [])),
  });
  return {
    organizationOf: new Map(links.map(({ customerId, organizationId }) => [customerId, organizationId])),
    customerOf: new Map(links.map(({ customerId, organizationId }) => [organizationId, customerId])),
  };
}

/** A customer that nothing names now may have been linked before. */
function withLink(candidate: ImportCandidate, { organizationOf }: Links): ImportCandidate {
  const id = organizationOf.get(candidate.customerId);
  return candidate.organizations.length > 0 || id === undefined
    ? candidate
    : { ...candidate, organizations: [{ name: encodeId("org", id), id }] };
}

async function carryOut(
  context: Context & { stripe: StripeGateway },
  { customerId, organizations, digest }: ImportCandidate,
  planned: ImportOutcome,
  { links, operator }: { links: Links; operator: Actor },
): Promise<ImportOutcome> {
  const organizationId = organizations[0]?.id ?? null;
  if (organizationId === null || !linkedOutcomes.includes(planned)) {
    return planned;
  }
  const link = { customerId, organizationId };
  if (links.organizationOf.has(customerId)) {
    await refreshLinked(context, link, digest.ours > 0);
    return planned;
  }
  const outcome = await linkToOrganization(context, link, operator);
  // Somebody else was faster since the links were read.
  if (outcome === "already_linked") {
    return planned === "linked" ? outcome : planned;
  }
  return outcome === "taken" ? "organization_with_two_customers" : outcome === "linked" ? planned : outcome;
}

function toView({ customerId, organizations }: ImportCandidate, outcome: ImportOutcome): ImportedCustomer {
  const ids = [...new Set(organizations.map(({ id }) => id))];
  const [id = null] = ids.length === 1 ? ids : [null];
  return {
    customer: customerId,
    organization: organizations.length === 0 ? null : organizations.map(({ name }) => name).join(", "),
    organizationId: id === null ? null : encodeId("org", id),
    outcome,
  };
}
