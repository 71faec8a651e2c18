import type { LedgerRow } from "@headroom/db/overage-ledger";
import { chooseAdjustmentInvoice, chooseInvoice, type InvoiceChoice } from "@headroom/domain/overage";
import type { SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import { isKeptFault, StripeFault } from "./faults.ts";
import type { CustomerState, StripeGateway } from "./gateway.ts";
import type { StripeInvoice, StripeInvoiceLine } from "./invoice-calls.ts";
import { overageKey } from "./metadata.ts";

const over: readonly string[] = ["canceled", "incomplete_expired"];

export interface ChosenInvoice {
  invoiceId: string;
  /** Our metered price by which this renewal's draft bills the row's units; null: it bills none of them. */
  usagePriceId: string | null;
}

type Customer = CustomerState & { id: string };

/**
 * The draft that a ledger row goes to: Stripe's renewal draft, or an invoice of our own where Stripe makes none; a draft
 * of our own that is open already takes more. Null: there is none yet.
 */
export async function invoiceFor(
  stripe: StripeGateway,
  customer: Customer,
  row: LedgerRow,
  now: number,
): Promise<ChosenInvoice | null> {
  const ran = subscriptionOf(customer.subscriptions, row);
  const live = liveOf(customer.subscriptions, ran, row);
  const invoices = ran === null ? [] : await stripe.listSubscriptionInvoices((live ?? ran).id);
  const choice = choose(row, live, invoices, now);
  if (choice.kind === "wait") {
    return null;
  }
  if (choice.kind === "draft") {
    const draft = invoices.find(({ id }) => id === choice.invoiceId);
    const priceId = row.kind === "charge" ? usagePriceOf(live, row) : null;
    // An item that came after the draft bills nothing on it.
    const bills = draft !== undefined && priceId !== null && (await hasLineOf(stripe, draft, priceId));
    return { invoiceId: choice.invoiceId, usagePriceId: bills ? priceId : null };
  }
  const invoiceId = await ownInvoice(stripe, customer.id, row, { live, ran }, invoices);
  return { invoiceId, usagePriceId: null };
}

async function hasLineOf(
  stripe: StripeGateway,
  { id, lines, moreLines }: StripeInvoice,
  priceId: string,
): Promise<boolean> {
  const bills = (line: StripeInvoiceLine) => line.priceId === priceId;
  return lines.some(bills) || (moreLines && (await stripe.listInvoiceLines(id)).some(bills));
}

// Of the very version, because only then is it the row's price: a version's terms never change.
function usagePriceOf(live: SubscriptionSnapshot | null, row: LedgerRow): string | null {
  const item = live?.items.find(
    ({ metadata }) =>
      metadata.headroom_role === `overage:${row.meter}` &&
      metadata.headroom_plan === row.planId &&
      metadata.headroom_plan_version === String(row.planVersion),
  );
  return live?.currency === row.currency && row.segment === 0 ? (item?.priceId ?? null) : null;
}

function choose(
  row: LedgerRow,
  live: SubscriptionSnapshot | null,
  invoices: readonly StripeInvoice[],
  now: number,
): InvoiceChoice {
  const turnsAt = live && Math.max(...live.items.map((item) => item.periodEnd));
  return row.kind === "adjustment"
    ? chooseAdjustmentInvoice(now, turnsAt, invoices)
    : chooseInvoice(row.periodEnd.getTime(), turnsAt, invoices);
}

// The subscription that ran while the period did: a later one is not billed for it.
function subscriptionOf(
  subscriptions: readonly SubscriptionSnapshot[],
  { periodStart, periodEnd }: LedgerRow,
): SubscriptionSnapshot | null {
  const ran = subscriptions.filter(
    (one) =>
      one.created < periodEnd.getTime() && (one.endedAt === null || one.endedAt > periodStart.getTime()),
  );
  return ran.sort((a, b) => b.created - a.created)[0] ?? null;
}

// What is given back may go onto the invoice of a later subscription too, in the same currency.
function liveOf(
  subscriptions: readonly SubscriptionSnapshot[],
  ran: SubscriptionSnapshot | null,
  { kind, currency }: LedgerRow,
): SubscriptionSnapshot | null {
  const isLive = (one: SubscriptionSnapshot | null) => one !== null && !over.includes(one.status);
  if (isLive(ran)) {
    return ran;
  }
  return kind === "adjustment"
    ? (subscriptions.find((one) => isLive(one) && one.currency === currency) ?? null)
    : null;
}

// Found again by the ledger's id, so that a draft that was made just before a crash is used and not left empty.
async function ownInvoice(
  stripe: StripeGateway,
  customerId: string,
  row: LedgerRow,
  { live, ran }: { live: SubscriptionSnapshot | null; ran: SubscriptionSnapshot | null },
  known: readonly StripeInvoice[],
): Promise<string> {
  const { invoices } = await stripe.listInvoices(customerId, { limit: 100, after: null });
  const ours = new Map(
    [...known, ...invoices]
      .filter((one) => overageKey in one.metadata && one.currency === row.currency)
      .map((one) => [one.id, one]),
  );
  const subscriptionId = live?.id ?? null;
  const draft = [...ours.values()].find(
    (one) => one.status === "draft" && one.subscriptionId === subscriptionId,
  );
  if (draft) {
    return draft.id;
  }
  const metadata = { [overageKey]: row.id };
  const mine = [...ours.values()].filter((one) => one.metadata[overageKey] === row.id);
  const created = await stripe.createInvoice(
    { customerId, subscriptionId, termsLike: ran?.id ?? null, currency: row.currency, metadata },
    `overage-invoice:${row.id}:${mine.length}:${row.placement}`,
  );
  return created.id;
}

/** An invoice; null: Stripe has none, or not any more. */
export async function findInvoice(stripe: StripeGateway, invoiceId: string): Promise<StripeInvoice | null> {
  try {
    return await stripe.fetchInvoice(invoiceId);
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "missing") {
      return null;
    }
    throw error;
  }
}

/** The same Stripe, which tells when a call of a row was answered with an error that its key keeps. */
export function notingKeys(stripe: StripeGateway, spent: () => void): StripeGateway {
  const noted =
    <Args extends unknown[], Result>(make: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      try {
        return await make(...args);
      } catch (error) {
        if (isKeptFault(error)) {
          spent();
        }
        throw error;
      }
    };
  return {
    ...stripe,
    createInvoice: noted(stripe.createInvoice),
    createInvoiceItem: noted(stripe.createInvoiceItem),
    sendMeterEvent: noted(stripe.sendMeterEvent),
    updateInvoiceItem: noted(stripe.updateInvoiceItem),
  };
}
