import { rateAgain } from "@headroom/db/closed-periods";
import type { LedgerRow } from "@headroom/db/overage-ledger";
import { giveUpOverage, markOverageSent } from "@headroom/db/overages";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { listPushesOf, rejectPushes } from "@headroom/db/usage-pushes";
import type { ServiceContext } from "./context.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import type { LedgerItem } from "./stripe/invoice-calls.ts";
import { findInvoice } from "./stripe/overage-invoices.ts";

/** `sent`: it stands as it should, or there is nothing to bill; `waiting`: there is no invoice for it yet. */
export type SendOutcome = "sent" | "waiting" | "failed";

export type Sender = Pick<ServiceContext, "db" | "log" | "configuration"> & { stripe: StripeGateway };

/** What a customer who was deleted has on an invoice that was final by then was billed; a draft of theirs never is. */
export async function endWith(context: Sender, row: LedgerRow, customerId: string): Promise<SendOutcome> {
  const { stripe } = context;
  const { stripeInvoiceId: invoiceId, stripeInvoiceItemId: itemId } = row;
  const invoice = invoiceId === null || itemId === null ? null : await findInvoice(stripe, invoiceId);
  const isFinal = invoice !== null && invoice.status !== "draft";
  const item = isFinal ? (await stripe.listLedgerItems(invoice.id)).get(row.id) : undefined;
  return item === undefined ? writeOff(context, row, customerId) : settle(context, row, item);
}

async function writeOff(context: Sender, row: LedgerRow, customerId: string): Promise<SendOutcome> {
  const { organizationId, id: ledgerId, amount, currency } = row;
  context.log.error(
    { organizationId, ledgerId, customerId, amount, currency },
    "overage written off: its customer was deleted at Stripe",
  );
  const reason = `customer ${customerId} was deleted at Stripe`;
  await write(context, row, async (tx) => {
    await giveUpOverage(tx, row, { status: "written_off", reason });
    const pushes = await listPushesOf(tx, organizationId, ledgerId);
    await rejectPushes(
      tx,
      pushes.map(({ identifier }) => identifier),
      "customer_deleted",
    );
  });
  return "sent";
}

/** The line is final as it is: it is what was billed, and the rest of the period's bill follows as an adjustment. */
export async function settle(context: Sender, row: LedgerRow, item: LedgerItem): Promise<SendOutcome> {
  const { quantity, amount } = item;
  await write(context, row, async (tx) => {
    // The period before its rows, as whoever rates it takes them.
    await rateAgain(tx, row);
    await markOverageSent(tx, row, { invoiceItemId: item.id, quantity, amount, fixed: true });
  });
  return "sent";
}

/** A transaction of the row's organization. */
export function write<Result>(
  { db }: Sender,
  row: LedgerRow,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  return withOrganization(db, row.organizationId, work);
}
