import { readClock } from "@headroom/db/clock";
import {
  type AccruedPeriod,
  listAccruedPeriods,
  listSegments,
  type SegmentRow,
} from "@headroom/db/closed-periods";
import { findCustomer, listFormerCustomers } from "@headroom/db/customers";
import { findOverageMeters } from "@headroom/db/overage-ledger";
import { readSubscription, type SubscriptionRow } from "@headroom/db/subscriptions";
import { withOrganization } from "@headroom/db/tenancy";
import { isUuid } from "@headroom/domain/ids";
import { plainPrice, sumOf } from "@headroom/domain/money";
import { linesOf } from "@headroom/domain/overage-lines";
import { stateAt } from "@headroom/domain/subscriptions";
import type { Access } from "./access.ts";
import type { ServiceContext } from "./context.ts";
import { readInvoicePage } from "./invoice-pages.ts";
import { toSegment } from "./overage-rating.ts";
import { forWaitingPerson } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import type { StripeInvoice, StripeInvoiceLine } from "./stripe/invoice-calls.ts";
import { requireStripe } from "./stripe/requirements.ts";

export interface InvoiceLineView {
  description: string | null;
  quantity: number | null;
  unitPrice: string | null;
  amount: number;
  /** The meter whose overage the line bills, and its id in the ledger, for `usage.explain`; null: not one of ours. */
  meter: string | null;
  overageId: string | null;
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
  planId: string;
  planVersion: number;
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
    former: await listFormerCustomers(tx, organizationId),
    subscription: await readSubscription(tx, organizationId),
    accrued: await listAccruedPeriods(tx, organizationId),
    segments: await listSegments(tx, organizationId),
    now: await readClock(tx),
  }));
  const { customerId } = known;
  const customers = [
    ...(customerId === null ? [] : [customerId]),
    ...known.former.map((one) => one.customerId),
  ];
  const { page, upcoming } = await forWaitingPerson(async () => ({
    page: await readInvoicePage(stripe, customers, input),
    upcoming: customerId === null ? null : await previewUpcoming(stripe, customerId, known),
  }));
  const meters = await withOrganization(db, organizationId, (tx) =>
    findOverageMeters(tx, organizationId, ledgerIdsOf(page.invoices)),
  );
  return {
    invoices: page.invoices.map((invoice) => toView(invoice, meters)),
    nextCursor: page.nextCursor,
    upcoming,
  };
}

// Metadata can be edited in Stripe's dashboard.
function ledgerIdsOf(invoices: readonly StripeInvoice[]): string[] {
  return invoices.flatMap(({ lines }) =>
    lines.flatMap(({ ledgerId }) => (isUuid(ledgerId ?? "") ? [ledgerId as string] : [])),
  );
}

async function previewUpcoming(
  stripe: StripeGateway,
  customerId: string,
  {
    subscription,
    accrued,
    segments,
    now,
  }: { subscription: SubscriptionRow; accrued: AccruedPeriod[]; segments: SegmentRow[]; now: Date },
): Promise<UpcomingInvoiceView | null> {
  const { facts } = subscription;
  if (facts.anchor === null || facts.subscriptionId === null) {
    return null;
  }
  const preview = await stripe.previewInvoice(customerId, facts.subscriptionId);
  // Trial usage is never billed.
  const overage =
    stateAt(facts, now.getTime()) === "trialing"
      ? []
      : accrued.flatMap((period) => toOverageLines(period, segments));
  return (
    preview && {
      currency: preview.currency,
      total: preview.total,
      overageTotal: sumOf(overage.map((line) => line.amount)),
      periodStart: iso(preview.periodStart),
      periodEnd: iso(preview.periodEnd),
      lines: preview.lines.map((line) => toLine(line, none)),
      overage,
    }
  );
}

const none: ReadonlyMap<string, string> = new Map();

function toOverageLines(period: AccruedPeriod, segments: readonly SegmentRow[]): OverageLineView[] {
  const { meter, periodStart, periodEnd } = period;
  const own = segments.filter(
    (one) => one.meter === meter && one.periodStart.getTime() === periodStart.getTime(),
  );
  const terms = { ...period, unitPrice: plainPrice(period.unitPrice) };
  return linesOf(period, terms, own.map(toSegment)).map(
    ({ segment: _segment, currency: _currency, ...line }) => ({
      meter,
      ...line,
      periodStart: periodStart.toISOString(),
      periodEnd: periodEnd.toISOString(),
    }),
  );
}

// Field by field: what else is read of an invoice is nobody's business.
function toView(
  { createdAt, periodStart, periodEnd, lines, ...invoice }: StripeInvoice,
  meters: ReadonlyMap<string, string>,
): InvoiceView {
  const { id, number, status, currency, subtotal, total, amountDue, amountPaid, hostedUrl, pdfUrl } = invoice;
  const sums = { subtotal, total, amountDue, amountPaid };
  return {
    id,
    number,
    status,
    currency,
    ...sums,
    hostedUrl,
    pdfUrl,
    createdAt: iso(createdAt),
    periodStart: iso(periodStart),
    periodEnd: iso(periodEnd),
    lines: lines.map((line) => toLine(line, meters)),
  };
}

function toLine(
  { ledgerId, description, quantity, unitPrice, amount, periodStart, periodEnd }: StripeInvoiceLine,
  meters: ReadonlyMap<string, string>,
): InvoiceLineView {
  const meter = ledgerId === null ? null : (meters.get(ledgerId) ?? null);
  return {
    description,
    quantity,
    unitPrice,
    amount,
    meter,
    overageId: meter === null ? null : ledgerId,
    periodStart: iso(periodStart),
    periodEnd: iso(periodEnd),
  };
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
