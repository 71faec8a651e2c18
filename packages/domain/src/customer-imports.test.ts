import { expect, test } from "vitest";
import type { Catalogue } from "./catalogue.ts";
import {
  claimsOf,
  digestOf,
  type ImportCandidate,
  type ImportOutcome,
  linkedOutcomes,
  noDigest,
  outcomeOf,
  soundOutcomes,
} from "./customer-imports.ts";
import type { ItemSnapshot, SubscriptionSnapshot } from "./subscriptions.ts";

const acme = "0190-acme";
const other = "0190-other";
const nobody = { organizationOf: new Map<string, string>(), customerOf: new Map<string, string>() };
const paying = { ours: 1, foreign: 0, planless: false };

const candidate = (more: Partial<ImportCandidate> = {}): ImportCandidate => ({
  customerId: "cus_1",
  organizations: [{ name: "acme", id: acme }],
  exists: true,
  digest: paying,
  ...more,
});
const named = (...ids: (string | null)[]) => ids.map((id) => ({ name: id ?? "nobody", id }));

test.each<[string, Partial<ImportCandidate>, ImportOutcome]>([
  ["one organization, one subscription of ours", {}, "linked"],
  ["no subscription at all", { digest: noDigest }, "linked"],
  ["named twice by two names of one organization", { organizations: named(acme, acme) }, "linked"],
  ["nothing names its organization", { organizations: [] }, "no_organization"],
  ["a name that nothing has", { organizations: named(null) }, "unknown_organization"],
  ["one name of two that nothing has", { organizations: named(acme, null) }, "unknown_organization"],
  ["two organizations", { organizations: named(acme, other) }, "customer_of_two_organizations"],
  ["Stripe does not have it", { exists: false }, "deleted_customer"],
  ["two live subscriptions", { digest: { ...paying, ours: 2 } }, "several_subscriptions"],
  ["no price that stands for a plan", { digest: { ...paying, planless: true } }, "unknown_price"],
  ["foreign subscriptions alone", { digest: { ours: 0, foreign: 1, planless: false } }, "unknown_price"],
  ["a foreign one beside ours", { digest: { ...paying, foreign: 3 } }, "linked"],
])("%s: %s", (_, more, outcome) => {
  expect(outcomeOf(candidate(more), nobody, claimsOf([candidate(more)]))).toBe(outcome);
});

test("what was linked before stays, or is told to be another's", () => {
  const claims = claimsOf([candidate()]);
  const linked = (customer: string, organization: string) => ({
    organizationOf: new Map([[customer, organization]]),
    customerOf: new Map([[organization, customer]]),
  });
  expect(outcomeOf(candidate(), linked("cus_1", acme), claims)).toBe("already_linked");
  expect(outcomeOf(candidate(), linked("cus_1", other), claims)).toBe("customer_of_two_organizations");
  expect(outcomeOf(candidate(), linked("cus_2", acme), claims)).toBe("organization_with_two_customers");
  // What lacks at Stripe is told of who is linked, too.
  expect(outcomeOf(candidate({ exists: false }), linked("cus_1", acme), claims)).toBe("deleted_customer");
});

test("an organization that two customers claim is neither's; a customer that names it twice claims it once", () => {
  const first = candidate({ organizations: named(acme, acme) });
  const second = candidate({ customerId: "cus_2", organizations: named(acme) });
  expect(claimsOf([first])).toEqual(new Map([[acme, 1]]));
  const claims = claimsOf([first, second, candidate({ customerId: "cus_3", organizations: named(null) })]);
  expect(claims).toEqual(new Map([[acme, 2]]));
  expect([first, second].map((one) => outcomeOf(one, nobody, claims))).toEqual([
    "organization_with_two_customers",
    "organization_with_two_customers",
  ]);
});

test("every outcome that nobody looks at is a link", () => {
  for (const outcome of soundOutcomes) expect(linkedOutcomes).toContain(outcome);
  expect(linkedOutcomes).not.toContain("customer_of_two_organizations");
});

const catalogue: Catalogue = {
  plans: [{ id: "pro", version: 1, graceDays: 7 }],
  prices: (["plan", "seat"] as const).map((role) => ({
    role,
    planId: "pro",
    planVersion: 1,
    lookupKey: null,
    priceId: `price_${role}`,
  })),
  overageWhilePastDue: false,
};
const item = (priceId: string): ItemSnapshot => ({
  id: `si_${priceId}`,
  priceId,
  lookupKey: null,
  metadata: {},
  quantity: 1,
  interval: "month",
  periodStart: 0,
  periodEnd: 1,
});
const subscription = (status: string, ...prices: string[]): SubscriptionSnapshot => ({
  id: "sub_1",
  status,
  created: 0,
  claimed: false,
  currency: "usd",
  anchor: 0,
  trialEnd: null,
  cancelAt: null,
  cancelAtPeriodEnd: false,
  endedAt: null,
  kept: null,
  coming: [],
  pausedFor: null,
  latestInvoice: null,
  openInvoices: [],
  items: prices.map(item),
});

test.each([
  ["active", ["price_plan", "price_seat"], { ours: 1, foreign: 0, planless: false }],
  ["past_due", ["price_plan"], { ours: 1, foreign: 0, planless: false }],
  ["active", ["price_seat"], { ours: 1, foreign: 0, planless: true }],
  ["trialing", ["price_of_others"], { ours: 0, foreign: 1, planless: false }],
  ["a_status_of_tomorrow", ["price_plan"], { ours: 1, foreign: 0, planless: false }],
  ["canceled", ["price_plan"], noDigest],
  ["incomplete", ["price_plan"], noDigest],
  ["incomplete_expired", ["price_of_others"], noDigest],
])("a subscription that is %s, with %j", (status, prices, digest) => {
  expect(digestOf(noDigest, subscription(status, ...prices), catalogue)).toEqual(digest);
});

test("the digest adds up, and what lacked a plan once lacks it", () => {
  const all = [
    subscription("active", "price_seat"),
    subscription("active", "price_plan"),
    subscription("active", "x"),
  ];
  const digest = all.reduce((sum, one) => digestOf(sum, one, catalogue), noDigest);
  expect(digest).toEqual({ ours: 2, foreign: 1, planless: true });
});
