import { listOrganizationIds } from "@headroom/db/audit-chains";
import { readClock } from "@headroom/db/clock";
import { listClosedPeriods } from "@headroom/db/closed-periods";
import { findCustomer } from "@headroom/db/customers";
import { listAllOverages } from "@headroom/db/overage-ledger";
import { findPlan, readCatalogue } from "@headroom/db/plans";
import { listPriceMappings } from "@headroom/db/price-mappings";
import { readSeatCounts } from "@headroom/db/seats";
import { readSubscription } from "@headroom/db/subscriptions";
import { withSnapshot, withSystem } from "@headroom/db/tenancy";
import { reduceSubscription } from "@headroom/domain/billing";
import {
  type ComparedLine,
  type ComparedPeriod,
  compareOverage,
  type OverageComparison,
} from "@headroom/domain/billing-comparison";
import { type Catalogue, mapItem } from "@headroom/domain/catalogue";
import { encodeId } from "@headroom/domain/ids";
import type { PriceMapping } from "@headroom/domain/price-mappings";
import { billedSeats } from "@headroom/domain/seat-sync";
import { seatedMembers } from "@headroom/domain/seats";
import type { SubscriptionFacts } from "@headroom/domain/subscriptions";
import type { ServiceContext } from "./context.ts";
import type { CustomerState, StripeGateway } from "./stripe/gateway.ts";
import type { StripeInvoice } from "./stripe/invoice-calls.ts";
import { paced } from "./stripe/pace.ts";
import { requireStripe } from "./stripe/requirements.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log" | "configuration">;

/** Something in which Headroom and Stripe are not at one. */
export interface ComparisonFinding {
  what: "plan" | "status" | "seats" | "attention" | "customer";
  headroom: string;
  stripe: string;
}

export interface OrganizationComparison {
  organizationId: string;
  customer: string;
  findings: ComparisonFinding[];
  /** Closed periods in which somebody billed, or would have billed, something; times in ISO 8601. */
  overage: (Omit<OverageComparison, "periodStart" | "periodEnd"> & {
    periodStart: string;
    periodEnd: string;
  })[];
}

export interface StripeComparison {
  /** Billing is live. */
  live: boolean;
  /** Linked organizations that were compared. */
  compared: number;
  /** Those of them of which something is to be told. */
  organizations: OrganizationComparison[];
  /** Findings, and periods whose overage differs or was billed twice. */
  differences: number;
  /** Periods with overage of which nobody knows what others billed. */
  unknown: number;
}

const requestsPerSecond = 10;

/**
 * Compares, for every linked organization, what Headroom has computed with what Stripe says: plan, status, seats, and the
 * overage of each closed period with the lines that another system billed it by. Changes nothing.
 * @param input.organizationId raw UUID; absent: all
 * @param context `db` as hr_worker @throws DomainError billing_not_configured; StripeFault
 */
export async function compareWithStripe(
  context: Context,
  input: { organizationId?: string | undefined; onProgress?: (done: number, total: number) => void } = {},
): Promise<StripeComparison> {
  const ready = requireStripe(context);
  const stripe = paced(ready.stripe, requestsPerSecond);
  const { db, configuration } = ready;
  const all = input.organizationId === undefined ? await listOrganizationIds(db) : [input.organizationId];
  const known = await withSystem(db, async (tx) => ({
    catalogue: await readCatalogue(tx),
    mappings: await listPriceMappings(tx),
  }));
  const { live } = configuration.billing;
  const result: StripeComparison = { live, compared: 0, organizations: [], differences: 0, unknown: 0 };
  for (const [index, id] of all.entries()) {
    const found = await compareOne({ ...ready, stripe }, id, known);
    if (found !== null) {
      result.compared += 1;
      result.differences += found.findings.length + count(found, "differs") + count(found, "billed_twice");
      result.unknown += count(found, "unknown");
      if (found.findings.length + found.overage.length > 0) {
        result.organizations.push(found);
      }
    }
    input.onProgress?.(index + 1, all.length);
  }
  return result;
}

function count({ overage }: OrganizationComparison, result: OverageComparison["result"]): number {
  return overage.filter((one) => one.result === result).length;
}

interface Known {
  catalogue: Catalogue;
  mappings: readonly PriceMapping[];
}

type Kept = Awaited<ReturnType<typeof readKept>>;

async function compareOne(
  context: Context & { stripe: StripeGateway },
  organizationId: string,
  known: Known,
): Promise<OrganizationComparison | null> {
  const { stripe } = context;
  const kept = await readKept(context, organizationId);
  if (kept.customerId === null) {
    return null;
  }
  const customer = await stripe.fetchCustomer(kept.customerId);
  const invoices = customer === null ? [] : await allInvoices(stripe, kept.customerId);
  const lines = linesOf(invoices, known.mappings);
  const meters = new Set(known.mappings.flatMap((one) => (one.role === "overage" ? [one.meter] : [])));
  return {
    organizationId: encodeId("org", organizationId),
    customer: kept.customerId,
    findings: customer === null ? [customerGone()] : findingsOf(kept, customer, known.catalogue),
    overage: compareOverage(kept.periods, lines, meters).map(({ periodStart, periodEnd, ...rest }) => ({
      ...rest,
      periodStart: new Date(periodStart).toISOString(),
      periodEnd: new Date(periodEnd).toISOString(),
    })),
  };
}

function readKept({ db, configuration }: Context, organizationId: string) {
  return withSnapshot(db, organizationId, async (tx) => {
    const { facts } = await readSubscription(tx, organizationId);
    const counts = await readSeatCounts(tx, organizationId);
    const { planId, planVersion } = facts;
    const plan = planId === null || planVersion === null ? null : await findPlan(tx, planId, planVersion);
    const rows = await listAllOverages(tx, organizationId);
    const closed = await listClosedPeriods(tx, organizationId, null);
    const periods = closed.map(({ meter, periodStart, periodEnd }): ComparedPeriod => {
      const own = rows.filter(
        (row) => row.meter === meter && row.periodStart.getTime() === periodStart.getTime(),
      );
      return {
        meter,
        periodStart: periodStart.getTime(),
        periodEnd: periodEnd.getTime(),
        quantity: own.reduce((sum, row) => sum + row.quantity, 0),
        amount: own.reduce((sum, row) => sum + row.amount, 0),
        sent: own.some(({ status }) => status === "sent"),
      };
    });
    const seats = plan?.definition.seats ?? null;
    const seated = seatedMembers(counts.members, configuration.policies);
    const wanted = seats?.kind === "auto" ? billedSeats(seated, seats.included) : null;
    const customerId = await findCustomer(tx, organizationId);
    return { customerId, facts, wanted, periods, now: (await readClock(tx)).getTime() };
  });
}

function customerGone(): ComparisonFinding {
  return { what: "customer", headroom: "linked", stripe: "deleted" };
}

function findingsOf(kept: Kept, customer: CustomerState, catalogue: Catalogue): ComparisonFinding[] {
  const { facts: now } = reduceSubscription(customer.subscriptions, catalogue, kept.facts, kept.now);
  const findings: ComparisonFinding[] = [];
  const compare = (what: ComparisonFinding["what"], headroom: string, stripe: string) => {
    if (headroom !== stripe) {
      findings.push({ what, headroom, stripe });
    }
  };
  compare("plan", planOf(kept.facts), planOf(now));
  compare("status", kept.facts.state, now.state);
  compare("attention", "none", now.attention ?? "none");
  const subscription = customer.subscriptions.find(({ id }) => id === now.subscriptionId);
  const seats = (subscription?.items ?? [])
    .filter((item) => mapItem(item, catalogue)?.role === "seat")
    .reduce((sum, item) => sum + item.quantity, 0);
  if (subscription !== undefined && kept.wanted !== null) {
    compare("seats", String(kept.wanted), String(seats));
  } else {
    compare("seats", String(kept.facts.seatsPurchased), String(now.seatsPurchased));
  }
  return findings;
}

function planOf({ planId, planVersion }: SubscriptionFacts): string {
  return planId === null ? "none" : `${planId} v${planVersion}`;
}

async function allInvoices(stripe: StripeGateway, customerId: string): Promise<StripeInvoice[]> {
  const found: StripeInvoice[] = [];
  for (let after: string | null = null; ; ) {
    const { invoices, more } = await stripe.listInvoices(customerId, { limit: 100, after });
    for (const invoice of invoices.filter(({ status }) => status !== "void")) {
      const lines = invoice.moreLines ? await stripe.listInvoiceLines(invoice.id) : invoice.lines;
      found.push({ ...invoice, lines });
    }
    after = invoices.at(-1)?.id ?? null;
    if (!more || after === null) {
      return found;
    }
  }
}

/** The lines of others that bill overage. One without a span of time is for the period that its invoice bills. */
function linesOf(invoices: readonly StripeInvoice[], mappings: readonly PriceMapping[]): ComparedLine[] {
  const meterOf = new Map(
    mappings.flatMap((one) => (one.role === "overage" ? [[one.name, one.meter] as const] : [])),
  );
  return invoices.flatMap((invoice) =>
    invoice.lines.flatMap((line): ComparedLine[] => {
      const meter = line.priceId === null || line.ledgerId !== null ? undefined : meterOf.get(line.priceId);
      const { periodStart, periodEnd } = line.periodEnd > line.periodStart ? line : invoice;
      const { quantity, amount } = line;
      return meter === undefined ? [] : [{ meter, quantity: quantity ?? 0, amount, periodStart, periodEnd }];
    }),
  );
}
