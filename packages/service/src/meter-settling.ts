import { rateAgain } from "@headroom/db/closed-periods";
import { listFormerCustomers } from "@headroom/db/customers";
import { withOrganization } from "@headroom/db/tenancy";
import { countPush } from "@headroom/db/usage-push-settling";
import { type PushRow, rejectPushes } from "@headroom/db/usage-pushes";
import { failpoint } from "@headroom/platform/failpoints";
import type { ServiceContext } from "./context.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { findInvoice } from "./stripe/overage-invoices.ts";

type Context = Pick<ServiceContext, "db" | "log"> & { stripe: StripeGateway };

/** `open`: its invoice is a draft; `counted`: what the final invoice billed is on record; `given_up`: it billed nothing. */
export type Judgement = "open" | "counted" | "given_up";

/** Stripe counts what it has taken after a while. */
export const countedAfterMs = 15 * 60_000;

/**
 * Reads off a push's invoice, once that is final, what became of it: a final line does not change any more, so that
 * nothing that Stripe counts later can bill a unit twice. What it does not bill goes by an invoice item: all of it as the
 * same row of the ledger, a part as an adjustment beside it. Safe to run beside itself and beside error reports.
 */
export async function judgePush(context: Context, push: PushRow): Promise<Judgement> {
  const { stripe, db, log } = context;
  const { organizationId, identifier, invoiceId, priceId, periodStart, periodEnd, meter, value } = push;
  const invoice = await findInvoice(stripe, invoiceId);
  if (invoice === null) {
    return giveUp(context, push, "invoice_gone");
  }
  if (invoice.status === "draft") {
    return (await isGone(context, push)) ? giveUp(context, push, "customer_deleted") : "open";
  }
  const billed = await stripe.usageBilled({ invoiceId, priceId, periodEnd: periodEnd.getTime() });
  failpoint("settle.read");
  if (billed.units === 0) {
    return giveUp(context, push, "not_billed");
  }
  const differs = billed.units !== value;
  const noted = await withOrganization(db, organizationId, async (tx) => {
    if (differs) {
      // The period before its rows, as whoever rates it takes them.
      await rateAgain(tx, { organizationId, meter, periodStart });
    }
    return countPush(tx, push, billed);
  });
  if (noted && differs) {
    log.error(
      { organizationId, identifier, invoiceId, told: value, billed: billed.units },
      "the invoice bills other units than the meter was told: the difference goes by an adjustment",
    );
  }
  return "counted";
}

// Their drafts are never billed.
async function isGone({ db }: Context, { organizationId, customerId }: PushRow): Promise<boolean> {
  const former = await withOrganization(db, organizationId, (tx) => listFormerCustomers(tx, organizationId));
  return former.some((one) => one.customerId === customerId);
}

/** It does not count: its row goes by an invoice item. */
export async function giveUp(
  { db, log }: Pick<Context, "db" | "log">,
  { organizationId, identifier }: PushRow,
  reason: string,
): Promise<"given_up"> {
  log.error(
    { organizationId, identifier, reason },
    "meter event given up: its overage goes by an invoice item",
  );
  await withOrganization(db, organizationId, (tx) => rejectPushes(tx, [identifier], reason));
  return "given_up";
}
