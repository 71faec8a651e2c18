import type { LedgerRow } from "@headroom/db/overages";
import { chooseInvoice } from "@headroom/domain/overage";
import type { SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import type { StripeGateway, StripeInvoice } from "./gateway.ts";

const over: readonly string[] = ["canceled", "incomplete_expired"];

/**
 * The draft that a ledger row goes to: the one chosen before while it is a draft, Stripe's renewal draft of that
 * period, or an invoice of our own where Stripe makes none. Null: Stripe has not turned the period yet.
 */
export async function invoiceFor(
  stripe: StripeGateway,
  customerId: string,
  row: LedgerRow,
): Promise<string | null> {
  const customer = await stripe.fetchCustomer(customerId);
  const subscription = subscriptionOf(customer?.subscriptions ?? [], row);
  const live = subscription !== null && !over.includes(subscription.status) ? subscription : null;
  const invoices = subscription === null ? [] : await stripe.listSubscriptionInvoices(subscription.id);
  const turnsAt = live && Math.max(...live.items.map((item) => item.periodEnd));
  const choice = chooseInvoice(row.periodEnd.getTime(), turnsAt, invoices);
  if (choice.kind === "wait") {
    return null;
  }
  return choice.kind === "draft"
    ? choice.invoiceId
    : ownInvoice(stripe, customerId, row, { live, ran: subscription }, invoices);
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

// Found again by the ledger's id, so that a draft that was made just before a crash is used and not left empty.
async function ownInvoice(
  stripe: StripeGateway,
  customerId: string,
  row: LedgerRow,
  { live, ran }: { live: SubscriptionSnapshot | null; ran: SubscriptionSnapshot | null },
  known: readonly StripeInvoice[],
): Promise<string> {
  const { invoices } = await stripe.listInvoices(customerId, { limit: 100, after: null });
  const mine = new Map(
    [...known, ...invoices]
      .filter((one) => one.metadata.headroom_overage === row.id)
      .map((one) => [one.id, one]),
  );
  const draft = [...mine.values()].find((one) => one.status === "draft");
  if (draft) {
    return draft.id;
  }
  const metadata = { headroom_overage: row.id };
  const subscriptionId = live?.id ?? null;
  const created = await stripe.createInvoice(
    { customerId, subscriptionId, paidLike: ran?.id ?? null, currency: row.currency, metadata },
    `overage-invoice:${row.id}:${mine.size}`,
  );
  return created.id;
}
