import { isOurs } from "./billing.ts";
import { type Catalogue, planItemOf } from "./catalogue.ts";
import type { SubscriptionSnapshot } from "./subscriptions.ts";

/** What becomes of one Stripe customer. Only the first two are as they should be; somebody has to look at the others. */
export type ImportOutcome =
  | "linked"
  | "already_linked"
  /** Linked; its subscription has no price that stands for a plan. */
  | "unknown_price"
  /** Linked; more than one live subscription has prices of ours. */
  | "several_subscriptions"
  | "unknown_organization"
  /** Two organizations claim it, or it is linked to another one. */
  | "customer_of_two_organizations"
  /** Two customers are to be the organization's, or it has another one. */
  | "organization_with_two_customers"
  /** Stripe has it no more, or never had it. */
  | "deleted_customer"
  /** It pays for a plan of ours, and nothing names its organization. */
  | "no_organization";

/** The outcomes after which the customer belongs to its organization. */
export const linkedOutcomes: readonly ImportOutcome[] = [
  "linked",
  "already_linked",
  "unknown_price",
  "several_subscriptions",
];

/** The outcomes that nobody has to look at. */
export const soundOutcomes: readonly ImportOutcome[] = ["linked", "already_linked"];

/** What is left to remember of a customer's subscriptions. */
export interface SubscriptionDigest {
  /** Live ones that have prices of ours. */
  ours: number;
  /** Live ones none of whose prices is known. */
  foreign: number;
  /** One of ours has no plan's price. */
  planless: boolean;
}

export const noDigest: SubscriptionDigest = { ours: 0, foreign: 0, planless: false };

const over: readonly string[] = ["canceled", "incomplete_expired", "incomplete"];

/** The digest with one more subscription. */
export function digestOf(
  digest: SubscriptionDigest,
  subscription: SubscriptionSnapshot,
  catalogue: Catalogue,
): SubscriptionDigest {
  if (over.includes(subscription.status)) {
    return digest;
  }
  const ours = isOurs(subscription, catalogue);
  return {
    ours: digest.ours + Number(ours),
    foreign: digest.foreign + Number(!ours),
    planless: digest.planless || (ours && planItemOf(subscription, catalogue) === null),
  };
}

/** A customer and everything that is known of its organization. */
export interface ImportCandidate {
  customerId: string;
  /** As it is named; resolved: raw UUID, or null: there is none of that name. */
  organizations: readonly { name: string; id: string | null }[];
  /** Stripe has the customer. */
  exists: boolean;
  digest: SubscriptionDigest;
}

/** Who is linked to whom already. */
export interface Links {
  organizationOf: ReadonlyMap<string, string>;
  customerOf: ReadonlyMap<string, string>;
}

/**
 * What becomes of a customer.
 * @param claims how many customers each organization is claimed for, by raw UUID
 */
export function outcomeOf(
  { customerId, organizations, exists, digest }: ImportCandidate,
  links: Links,
  claims: ReadonlyMap<string, number>,
): ImportOutcome {
  const ids = new Set(organizations.map(({ id }) => id));
  const [organizationId] = ids;
  if (organizationId === undefined) {
    return "no_organization";
  }
  if (ids.has(null)) {
    return "unknown_organization";
  }
  const linkedTo = links.organizationOf.get(customerId);
  if (ids.size > 1 || organizationId === null || (linkedTo !== undefined && linkedTo !== organizationId)) {
    return "customer_of_two_organizations";
  }
  const otherCustomer = (links.customerOf.get(organizationId) ?? customerId) !== customerId;
  if (otherCustomer || (claims.get(organizationId) ?? 0) > 1) {
    return "organization_with_two_customers";
  }
  if (!exists) {
    return "deleted_customer";
  }
  return stateOf(digest) ?? (linkedTo === undefined ? "linked" : "already_linked");
}

function stateOf({ ours, foreign, planless }: SubscriptionDigest): ImportOutcome | null {
  if (ours > 1) {
    return "several_subscriptions";
  }
  return planless || (ours === 0 && foreign > 0) ? "unknown_price" : null;
}

/** How many customers each organization is claimed for. */
export function claimsOf(candidates: readonly ImportCandidate[]): Map<string, number> {
  const claims = new Map<string, number>();
  for (const { organizations } of candidates) {
    for (const id of new Set(organizations.map((one) => one.id))) {
      if (id !== null) {
        claims.set(id, (claims.get(id) ?? 0) + 1);
      }
    }
  }
  return claims;
}
