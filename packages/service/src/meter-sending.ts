import { readClock } from "@headroom/db/clock";
import { readStripeMeters } from "@headroom/db/configurations";
import type { LedgerRow } from "@headroom/db/overage-ledger";
import { markOverageSent, putOffOverage } from "@headroom/db/overages";
import { type Tx, withOrganization } from "@headroom/db/tenancy";
import { confirmPush, insertPush, listPushesAt, markPush, type PushRow } from "@headroom/db/usage-pushes";
import { eventNameOf, identifierOf, nextStep, pushTime, readSum } from "@headroom/domain/meter-pushes";
import { failpoint } from "@headroom/platform/failpoints";
import type { ServiceContext } from "./context.ts";
import { giveUp, judgePush } from "./meter-settling.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

type Sender = Pick<ServiceContext, "db" | "log"> & { stripe: StripeGateway };

/** A renewal's draft that bills usage by one of our metered prices. */
export interface UsageDraft {
  invoiceId: string;
  priceId: string;
}

/**
 * Writes down that a row is told to its billing meter. From here on the row is fixed: what changes of its period's bill
 * later becomes an adjustment, which goes by an invoice item. Null: the row was amended meanwhile.
 */
export async function startPush(
  { db }: Sender,
  row: LedgerRow,
  customerId: string,
  { invoiceId, priceId }: UsageDraft,
): Promise<PushRow | null> {
  const { organizationId, meter, periodStart, periodEnd } = row;
  const seq = row.placement;
  const push = await withOrganization(db, organizationId, (tx) =>
    insertPush(tx, row, {
      identifier: identifierOf(organizationId, meter, periodEnd.getTime(), seq),
      bucket: periodEnd,
      seq,
      customerId,
      priceId,
      eventName: eventNameOf(meter),
      invoiceId,
      at: new Date(pushTime(periodStart.getTime(), periodEnd.getTime())),
    }),
  );
  failpoint("push.written");
  return push;
}

/**
 * Brings a push one step on. While its invoice is a draft it is sent, under one identifier as often as need be for 20
 * hours; after that Stripe's sums are asked first. Once the invoice is final its line says whether it was billed, and
 * what was not is billed by an invoice item.
 */
export async function pushOn(context: Sender, row: LedgerRow, push: PushRow): Promise<"sent" | "waiting"> {
  const judgement = await judgePush(context, push);
  if (judgement !== "open") {
    return judgement === "counted" ? "sent" : "waiting";
  }
  const now = await write(context, push, readClock);
  const sentAt = push.sentAt?.getTime() ?? null;
  return nextStep({ state: push.state, sentAt }, now.getTime()) === "send"
    ? send(context, row, push)
    : ask(context, row, push);
}

async function send(context: Sender, row: LedgerRow, push: PushRow): Promise<"sent" | "waiting"> {
  if (!(await write(context, push, (tx) => markPush(tx, push, "sending")))) {
    return "waiting";
  }
  try {
    await context.stripe.sendMeterEvent(push, keyOf(row, push));
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "refused") {
      await giveUp(context, push, error.message);
      return "waiting";
    }
    throw error;
  }
  failpoint("push.sent");
  return confirm(context, row, push);
}

// An error of Stripe's own is kept under its key for a day: the next try has another. The identifier stays.
function keyOf({ placement }: LedgerRow, { identifier, seq }: PushRow): string {
  return placement === seq ? identifier : `${identifier}:${placement}`;
}

/** It was sent so long ago that Stripe might take it twice. What its sum for that minute says decides. */
async function ask(context: Sender, row: LedgerRow, push: PushRow): Promise<"sent" | "waiting"> {
  const { stripe, log } = context;
  const { organizationId, identifier } = push;
  await write(context, push, (tx) => markPush(tx, push, "ambiguous"));
  const known = await write(context, push, async (tx) => ({
    meterId: (await readStripeMeters(tx)).get(push.meter),
    others: (await listPushesAt(tx, push)).filter((one) => one.identifier !== identifier),
  }));
  if (known.meterId === undefined) {
    throw new Error(`the billing meter of ${push.meter} was never pushed`);
  }
  const sum = await stripe.sumMeterEvents({
    meterId: known.meterId,
    customerId: push.customerId,
    at: push.at.getTime(),
  });
  const others = known.others.reduce((units, { value }) => units + value, 0);
  const verdict = readSum(sum, others, push.value);
  log.warn({ organizationId, identifier, verdict, sum }, "Stripe was asked whether a meter event arrived");
  if (verdict === "arrived") {
    return confirm(context, row, push);
  }
  if (verdict === "missing") {
    await write(context, push, (tx) => markPush(tx, push, "pending"));
    return send(context, row, { ...push, state: "pending", sentAt: null });
  }
  const reason = `Stripe's sum is ${sum}, not ${others} or ${others + push.value}`;
  await write(context, push, (tx) => putOffOverage(tx, row, reason));
  return "waiting";
}

async function confirm(context: Sender, row: LedgerRow, push: PushRow): Promise<"sent" | "waiting"> {
  const { quantity, amount } = row;
  const sent = await write(context, push, async (tx) => {
    // A report may have been faster than the answer.
    const stands = await confirmPush(tx, push);
    const line = { invoiceItemId: null, quantity, amount, fixed: true };
    return stands && (await markOverageSent(tx, row, line));
  });
  return sent ? "sent" : "waiting";
}

function write<Result>(
  { db }: Sender,
  { organizationId }: PushRow,
  work: (tx: Tx) => Promise<Result>,
): Promise<Result> {
  return withOrganization(db, organizationId, work);
}
