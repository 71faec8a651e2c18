import { readClock } from "@headroom/db/clock";
import { findCustomer } from "@headroom/db/customers";
import {
  type ClosedPeriod,
  chooseOverageInvoice,
  claimOverage,
  closePeriod,
  insertOverage,
  type LedgerRow,
  leaveEndedPeriods,
  listDueOverages,
  listUnclosedPeriods,
  markOverageSent,
  type PeriodKey,
  putOffOverage,
} from "@headroom/db/overages";
import { type Tx, withOrganization, withSystem } from "@headroom/db/tenancy";
import { plainPrice } from "@headroom/domain/money";
import { chargeOverage } from "@headroom/domain/overage";
import { failpoint } from "@headroom/platform/failpoints";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";
import { isPassing, StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { invoiceFor } from "./stripe/overage-invoices.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

const atOnce = 100;
const gatesAtOnce = 20;

/**
 * Counts the periods that have ended and writes their overage into the ledger, in the transaction that closes each:
 * what is to be billed is on record before anything is sent. Safe to run beside itself.
 * @param context `db` as hr_worker.
 */
export async function closeDuePeriods(
  context: Pick<ServiceContext, "db" | "log">,
): Promise<{ closed: number }> {
  const { db } = context;
  while ((await withSystem(db, (tx) => leaveEndedPeriods(tx, gatesAtOnce))) === gatesAtOnce) {
    // The next few, in a transaction of their own: gates are locked only for a moment.
  }
  let closed = 0;
  for (;;) {
    const due = await withSystem(db, (tx) => listUnclosedPeriods(tx, atOnce));
    let now = 0;
    for (const key of due) {
      now += await closeSafely(context, key);
    }
    closed += now;
    if (due.length < atOnce || now === 0) {
      return { closed };
    }
  }
}

// One period that cannot be closed keeps no other from it.
async function closeSafely({ db, log }: Pick<ServiceContext, "db" | "log">, key: PeriodKey): Promise<number> {
  try {
    return await withOrganization(db, key.organizationId, (tx) => closeOne(tx, key));
  } catch (error) {
    log.error({ err: error, ...key }, "period not closed");
    return 0;
  }
}

async function closeOne(tx: Tx, key: PeriodKey): Promise<number> {
  const period = await closePeriod(tx, key);
  if (period === null) {
    return 0;
  }
  const entry = ledgerEntry(period);
  if (entry !== null) {
    const now = await readClock(tx);
    await insertOverage(tx, { organizationId: key.organizationId, id: uuidv7(), ...entry, now });
  }
  return 1;
}

function ledgerEntry(period: ClosedPeriod) {
  const { unitPrice, currency, billAboveCap, billable, total, overCap, ...rest } = period;
  if (!billable || unitPrice === null || currency === null) {
    return null;
  }
  const price = plainPrice(unitPrice);
  const charge = chargeOverage({ ...period, total, overCap }, { unitPrice: price, billAboveCap });
  return charge && { ...rest, ...charge, unitPrice: price, currency };
}

/**
 * Puts the ledger's open overage onto Stripe's invoices. A row that was sent before the process died is found on its
 * invoice by the ledger's id and not sent again. Safe to run beside itself.
 * @param context `db` as hr_worker.
 */
export async function reportOverage(
  context: Context,
): Promise<{ sent: number; waiting: number; failed: number }> {
  const { db, stripe } = context;
  const result = { sent: 0, waiting: 0, failed: 0 };
  if (stripe === null) {
    return result;
  }
  for (const { organizationId, id } of await withSystem(db, (tx) => listDueOverages(tx, atOnce))) {
    const row = await withOrganization(db, organizationId, (tx) => claimOverage(tx, organizationId, id));
    if (row !== null) {
      failpoint("overage.claimed");
      result[await report({ ...context, stripe }, row)] += 1;
    }
  }
  return result;
}

type Reporter = Context & { stripe: StripeGateway };

async function report(context: Reporter, row: LedgerRow): Promise<"sent" | "waiting" | "failed"> {
  const { db, log } = context;
  const { organizationId, id: ledgerId } = row;
  try {
    const itemId = await send(context, row);
    failpoint("overage.item_created");
    await withOrganization(db, organizationId, (tx) =>
      itemId === null
        ? putOffOverage(tx, row, "Stripe has not turned the period yet")
        : markOverageSent(tx, row, itemId),
    );
    failpoint("overage.sent");
    return itemId === null ? "waiting" : "sent";
  } catch (error) {
    const passing = isPassing(error);
    log[passing ? "warn" : "error"]({ err: error, organizationId, ledgerId }, "overage not reported");
    const reason = error instanceof Error ? error.message : String(error);
    await withOrganization(db, organizationId, (tx) => putOffOverage(tx, row, reason));
    return "failed";
  }
}

/** The id of the invoice item that carries the row; null: there is no invoice for it yet. */
async function send(context: Reporter, row: LedgerRow): Promise<string | null> {
  const { db, stripe } = context;
  const { organizationId } = row;
  const customerId = await withOrganization(db, organizationId, (tx) => findCustomer(tx, organizationId));
  if (customerId === null) {
    throw new StripeFault("missing", `organization ${organizationId} has overage and no customer`);
  }
  const already = row.stripeInvoiceId && (await itemOn(stripe, row.stripeInvoiceId, row.id));
  if (already) {
    return already;
  }
  const invoiceId = await invoiceFor(stripe, customerId, row);
  if (invoiceId === null) {
    return null;
  }
  failpoint("overage.invoice_found");
  await withOrganization(db, organizationId, (tx) => chooseOverageInvoice(tx, row, invoiceId));
  failpoint("overage.invoice_chosen");
  return (
    (await itemOn(stripe, invoiceId, row.id)) ??
    stripe.createInvoiceItem(
      {
        customerId,
        invoiceId,
        ledgerId: row.id,
        description: `${row.meter}: ${row.quantity} above what the plan includes`,
        currency: row.currency,
        unitPrice: plainPrice(row.unitPrice),
        quantity: row.quantity,
        periodStart: row.periodStart.getTime(),
        periodEnd: row.periodEnd.getTime(),
      },
      `overage:${row.id}:${invoiceId}`,
    )
  );
}

async function itemOn(stripe: StripeGateway, invoiceId: string, ledgerId: string): Promise<string | null> {
  return (await stripe.listLedgerItems(invoiceId)).get(ledgerId) ?? null;
}
