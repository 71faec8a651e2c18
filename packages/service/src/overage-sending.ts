import { readClock } from "@headroom/db/clock";
import { type FormerCustomer, findCustomer, listFormerCustomers } from "@headroom/db/customers";
import type { LedgerRow } from "@headroom/db/overage-ledger";
import {
  chooseOverageInvoice,
  giveUpOverage,
  markMetered,
  markOverageSent,
  nextKeys,
  putOffOverage,
  replaceOverage,
} from "@headroom/db/overages";
import { withOrganization } from "@headroom/db/tenancy";
import { listPushesOf } from "@headroom/db/usage-pushes";
import { isOfFormerCustomer } from "@headroom/domain/overage";
import { failpoint } from "@headroom/platform/failpoints";
import { withCustomerLease } from "./customer-leases.ts";
import { pushOn, startPush } from "./meter-sending.ts";
import { endWith, type Sender, type SendOutcome, settle, write } from "./overage-ending.ts";
import { isPassing, StripeFault } from "./stripe/faults.ts";
import type { CustomerState } from "./stripe/gateway.ts";
import type { LedgerItem, NewInvoiceItem } from "./stripe/invoice-calls.ts";
import { findInvoice, invoiceFor, notingKeys } from "./stripe/overage-invoices.ts";
import { toItem } from "./stripe/overage-items.ts";

/**
 * Makes one claimed row stand on an invoice as the ledger has it: exactly one line, whatever answers were lost. The
 * customer's lease keeps other processes away; a create that went out before somebody died is found by the ledger's id,
 * or answers again by its idempotency key.
 */
export async function sendOverage(context: Sender, row: LedgerRow): Promise<SendOutcome> {
  const { db, log } = context;
  const { organizationId, id: ledgerId } = row;
  let spent = false;
  const stripe = notingKeys(context.stripe, () => {
    spent = true;
  });
  try {
    const { customerId, former } = await write(context, row, async (tx) => ({
      customerId: await findCustomer(tx, organizationId),
      former: (await listFormerCustomers(tx, organizationId))[0] ?? null,
    }));
    if (customerId === null && former !== null) {
      return await endWith(context, row, former.customerId);
    }
    if (customerId === null) {
      throw new StripeFault("missing", `organization ${organizationId} has overage and no customer`);
    }
    const outcome = await withCustomerLease(
      context,
      customerId,
      () => place({ ...context, stripe }, { customerId, former }, row),
      {
        waitMs: 2_000,
      },
    );
    if (outcome === "busy") {
      await write(context, row, (tx) => putOffOverage(tx, row, "another process works on the customer"));
      return "waiting";
    }
    return outcome;
  } catch (error) {
    const passing = isPassing(error);
    log[passing ? "warn" : "error"]({ err: error, organizationId, ledgerId }, "overage not reported");
    const reason = error instanceof Error ? error.message : String(error);
    await withOrganization(db, organizationId, async (tx) => {
      await putOffOverage(tx, row, reason);
      if (spent) {
        await nextKeys(tx, row);
      }
    });
    return "failed";
  }
}

async function place(
  context: Sender,
  { customerId, former }: { customerId: string; former: FormerCustomer | null },
  row: LedgerRow,
): Promise<SendOutcome> {
  const customer = await context.stripe.fetchCustomer(customerId);
  if (customer === null) {
    return endWith(context, row, customerId);
  }
  const until = former?.deletedAt.getTime() ?? null;
  if (former !== null && isOfFormerCustomer(row.periodStart.getTime(), until, customer.subscriptions)) {
    return endWith(context, row, former.customerId);
  }
  const [push] = await write(context, row, (tx) => listPushesOf(tx, row.organizationId, row.id));
  if (push !== undefined && push.state !== "rejected") {
    // Written down by a release that left such rows where any other would have claimed them.
    const metered = row.metered || (await write(context, row, (tx) => markMetered(tx, row)));
    return metered ? pushOn(context, row, push) : "waiting";
  }
  return row.stripeInvoiceId === null
    ? placeAnew(context, customerId, customer, row)
    : placeOn(context, customerId, row, row.stripeInvoiceId);
}

async function placeAnew(
  context: Sender,
  customerId: string,
  customer: CustomerState,
  row: LedgerRow,
): Promise<SendOutcome> {
  if (row.quantity === 0 && row.amount === 0) {
    await write(context, row, (tx) => giveUpOverage(tx, row, { status: "withdrawn", reason: null }));
    return "sent";
  }
  const now = await write(context, row, readClock);
  const found = await invoiceFor(context.stripe, { id: customerId, ...customer }, row, now.getTime());
  if (found === null) {
    const waits = row.kind === "adjustment";
    const reason = waits
      ? "there is no invoice before the next renewal's"
      : "Stripe has not turned the period yet";
    await write(context, row, (tx) => putOffOverage(tx, row, reason, { waits }));
    return "waiting";
  }
  const { invoiceId, usagePriceId: priceId } = found;
  failpoint("overage.invoice_found");
  if (priceId !== null && (await goesByMeter(context, row))) {
    const push = await startPush(context, row, customerId, { invoiceId, priceId });
    return push === null ? "waiting" : pushOn(context, row, push);
  }
  const chosen = await write(context, row, (tx) => chooseOverageInvoice(tx, row, invoiceId));
  failpoint("overage.invoice_chosen");
  // Amended meanwhile: the next attempt reads it as it is now.
  return chosen ? placeOn(context, customerId, row, invoiceId) : "waiting";
}

// A row that Stripe's meter did not count goes by an invoice item, and not to the meter again.
async function goesByMeter(context: Sender, row: LedgerRow): Promise<boolean> {
  const { configuration } = context;
  return (
    configuration.policies.overage.sink === "meter" &&
    (await write(context, row, (tx) => listPushesOf(tx, row.organizationId, row.id))).length === 0
  );
}

async function placeOn(
  context: Sender,
  customerId: string,
  row: LedgerRow,
  invoiceId: string,
): Promise<SendOutcome> {
  const invoice = await findInvoice(context.stripe, invoiceId);
  const item = invoice && ((await context.stripe.listLedgerItems(invoiceId)).get(row.id) ?? null);
  if (invoice === null || (invoice.status !== "draft" && item === null)) {
    // A draft that was deleted, or finalized before the line was on it.
    await write(context, row, (tx) => replaceOverage(tx, row));
    return "waiting";
  }
  if (invoice.status !== "draft") {
    return item === null ? "waiting" : settle(context, row, item);
  }
  return changeDraft(context, customerId, row, invoiceId, item);
}

async function changeDraft(
  context: Sender,
  customerId: string,
  row: LedgerRow,
  invoiceId: string,
  item: LedgerItem | null,
): Promise<SendOutcome> {
  const { stripe } = context;
  const empty = row.quantity === 0 && row.amount === 0;
  if (empty) {
    if (item !== null) {
      await stripe.deleteInvoiceItem(item.id);
    }
    await write(context, row, (tx) => giveUpOverage(tx, row, { status: "withdrawn", reason: null }));
    return "sent";
  }
  const wanted = toItem(row, customerId, invoiceId);
  const found = item ?? (await create(context, row, wanted));
  failpoint("overage.item_created");
  if (typeof found !== "string" && !says(found, row)) {
    await stripe.updateInvoiceItem(
      found.id,
      wanted,
      `overage:${row.id}:${invoiceId}:${row.placement}:v${row.version}`,
    );
  }
  const line = { invoiceItemId: typeof found === "string" ? found : found.id, fixed: row.fixed };
  const { quantity, amount } = row;
  await write(context, row, (tx) => markOverageSent(tx, row, { ...line, quantity, amount }));
  failpoint("overage.sent");
  return "sent";
}

/**
 * The id of a new item; or the item, when an earlier create with the same key, whose answer was lost, has made it with
 * what the row said then.
 */
async function create(context: Sender, row: LedgerRow, wanted: NewInvoiceItem): Promise<string | LedgerItem> {
  const { stripe } = context;
  try {
    // Not of the version: two creates of one row must never both succeed.
    return await stripe.createInvoiceItem(wanted, `overage:${row.id}:${wanted.invoiceId}:${row.placement}`);
  } catch (error) {
    const item =
      error instanceof StripeFault && error.kind === "refused"
        ? (await stripe.listLedgerItems(wanted.invoiceId)).get(row.id)
        : undefined;
    if (item === undefined) {
      throw error;
    }
    return item;
  }
}

function says(item: LedgerItem, row: LedgerRow): boolean {
  return item.quantity === row.quantity && item.amount === row.amount;
}
