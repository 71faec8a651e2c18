import { readClock } from "@headroom/db/clock";
import { findCustomer } from "@headroom/db/customers";
import { type AccruedPeriod, listAccruedPeriods } from "@headroom/db/overages";
import { readSubscription, type SubscriptionRow } from "@headroom/db/subscriptions";
import { withOrganization } from "@headroom/db/tenancy";
import { plainPrice } from "@headroom/domain/money";
import { chargeOverage } from "@headroom/domain/overage";
import { stateAt } from "@headroom/domain/subscriptions";
import { invalidField } from "@headroom/domain/validation";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { requireStripe } from "./customers.ts";
import { forWaitingPerson, StripeFault } from "./stripe/faults.ts";
import type { InvoicePage, StripeGateway, StripeInvoice, StripeInvoiceLine } from "./stripe/gateway.ts";

export interface InvoiceLineView {
  description: string | null;
  quantity: number | null;
  unitPrice: string | null;
  amount: number;
  periodStart: string;
  periodEnd: string;
}

/** Amounts are minor units of `currency`. */
export interface InvoiceView {
  id: string;
  number: string | null;
  status: string;
  currency: string;
  subtotal: number;
  total: number;
  amountDue: number;
  amountPaid: number;
  createdAt: string;
  periodStart: string;
  periodEnd: string;
  hostedUrl: string | null;
  pdfUrl: string | null;
  lines: InvoiceLineView[];
}

export interface OverageLineView {
  meter: string;
  quantity: number;
  unitPrice: string;
  amount: number;
  periodStart: string;
  periodEnd: string;
}

/** What the next renewal would be billed now. */
export interface UpcomingInvoiceView {
  currency: string;
  /** Of the plan and its seats, by Stripe. */
  total: number;
  /** Of the running period so far, by us. */
  overageTotal: number;
  periodStart: string;
  periodEnd: string;
  lines: InvoiceLineView[];
  overage: OverageLineView[];
}

export interface InvoicesView {
  invoices: InvoiceView[];
  nextCursor: string | null;
  /** null: no renewal is ahead. */
  upcoming: UpcomingInvoiceView | null;
}

/**
 * The organization's invoices, newest first, and the next one as it stands.
 * @throws DomainError billing_not_configured and unavailable (503)
 */
export async function listInvoices(
  context: ServiceContext,
  access: Access,
  input: { limit: number; cursor?: string | undefined },
): Promise<InvoicesView> {
  const { stripe, db } = requireStripe(context);
  const { organizationId } = access;
  const known = await withOrganization(db, organizationId, async (tx) => ({
    customerId: await findCustomer(tx, organizationId),
    subscription: await readSubscription(tx, organizationId),
    accrued: await listAccruedPeriods(tx, organizationId),
    now: await readClock(tx),
  }));
  const { customerId } = known;
  if (customerId === null) {
    return { invoices: [], nextCursor: null, upcoming: null };
  }
  return forWaitingPerson(async () => {
    const page = await readPage(stripe, customerId, input);
    const nextCursor = page.more ? (page.invoices.at(-1)?.id ?? null) : null;
    const upcoming = await previewUpcoming(stripe, customerId, known);
    return { invoices: page.invoices.map(toView), nextCursor, upcoming };
  });
}

// Stripe's pages have at most 100, and its cursors are ids.
async function readPage(
  stripe: StripeGateway,
  customerId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<InvoicePage> {
  try {
    return await stripe.listInvoices(customerId, { limit: Math.min(limit, 100), after: cursor ?? null });
  } catch (error) {
    if (cursor !== undefined && error instanceof StripeFault && error.kind === "missing") {
      throw invalidField("cursor", "is not a cursor of this list");
    }
    throw error;
  }
}

async function previewUpcoming(
  stripe: StripeGateway,
  customerId: string,
  { subscription, accrued, now }: { subscription: SubscriptionRow; accrued: AccruedPeriod[]; now: Date },
): Promise<UpcomingInvoiceView | null> {
  const { facts } = subscription;
  if (facts.anchor === null || facts.subscriptionId === null) {
    return null;
  }
  const preview = await stripe.previewInvoice(customerId, facts.subscriptionId);
  // Trial usage is never billed.
  const overage = stateAt(facts, now.getTime()) === "trialing" ? [] : accrued.flatMap(toOverageLine);
  return (
    preview && {
      currency: preview.currency,
      total: preview.total,
      overageTotal: overage.reduce((sum, line) => sum + line.amount, 0),
      periodStart: iso(preview.periodStart),
      periodEnd: iso(preview.periodEnd),
      lines: preview.lines.map(toLine),
      overage,
    }
  );
}

function toOverageLine(period: AccruedPeriod): OverageLineView[] {
  const unitPrice = plainPrice(period.unitPrice);
  const charge = chargeOverage(period, { unitPrice, billAboveCap: period.billAboveCap });
  const { meter, periodStart, periodEnd } = period;
  return charge === null
    ? []
    : [
        {
          meter,
          ...charge,
          unitPrice,
          periodStart: periodStart.toISOString(),
          periodEnd: periodEnd.toISOString(),
        },
      ];
}

function toView(invoice: StripeInvoice): InvoiceView {
  const {
    renewal: _renewal,
    metadata: _metadata,
    createdAt,
    periodStart,
    periodEnd,
    lines,
    ...rest
  } = invoice;
  return {
    ...rest,
    createdAt: iso(createdAt),
    periodStart: iso(periodStart),
    periodEnd: iso(periodEnd),
    lines: lines.map(toLine),
  };
}

function toLine(line: StripeInvoiceLine): InvoiceLineView {
  return { ...line, periodStart: iso(line.periodStart), periodEnd: iso(line.periodEnd) };
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
