import { readClock } from "@headroom/db/clock";
import {
  claimHold,
  type HoldKey,
  isOverageOpen,
  listOpenHolds,
  markHeld,
  markReleased,
  noteInvoice,
  readHoldState,
} from "@headroom/db/invoice-holds";
import { type Tx, withOrganization, withSystem } from "@headroom/db/tenancy";
import { holdUntil, releaseAt } from "@headroom/domain/overage";
import type { ServiceContext } from "./context.ts";
import { isPassing, StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import type { StripeInvoice } from "./stripe/invoice-calls.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

/** What a worker that is there needs, and more: then nothing is moved. */
const patienceSeconds = 3;
const atOnce = 50;

/**
 * Remembers invoices that were just made while the organization may have overage that is on none, in the transaction that
 * applies their events: whether one must wait for it is seen a moment later.
 */
export async function noteInvoices(
  tx: Tx,
  organizationId: string,
  invoiceIds: readonly string[],
): Promise<void> {
  if (invoiceIds.length === 0 || !(await isOverageOpen(tx, organizationId))) {
    return;
  }
  for (const invoiceId of invoiceIds) {
    await noteInvoice(tx, organizationId, invoiceId, patienceSeconds);
  }
}

/**
 * Moves the finalization of renewals' drafts out, by a day at most, whose overage is not on them although a worker had
 * time enough: it is late, or down. Safe to run beside itself.
 * @param context `db` as hr_webhook or hr_worker.
 */
export async function holdLateInvoices(context: Context): Promise<{ held: number }> {
  return { held: await each(context, "noted", hold) };
}

/**
 * Gives held drafts back to Stripe's own hour, or finalizes them in twenty minutes where that has passed, once all overage
 * is on them.
 * @param context `db` as hr_worker.
 */
export async function releaseInvoices(context: Context): Promise<{ released: number }> {
  return { released: await each(context, "held", release) };
}

/** The metric of both apps that look: drafts that wait for their overage. */
export const heldInvoicesGauge = {
  headroom_invoices_held: {
    help: "Draft invoices whose finalization was moved out because their overage is not on them",
    read: ({ held }: { held: number }) => held,
  },
};

/** How many drafts wait for their overage, and since when the longest. */
export async function heldInvoices({
  db,
}: Pick<ServiceContext, "db">): Promise<{ held: number; oldest: Date | null }> {
  return readHoldState(db);
}

type Step = Context & { stripe: StripeGateway };
type Work = (context: Step, key: HoldKey, finalizesAt: Date | null) => Promise<boolean>;

async function each(context: Context, status: "noted" | "held", work: Work): Promise<number> {
  const { db, stripe, log } = context;
  if (stripe === null || stripe.readOnly) {
    return 0;
  }
  let done = 0;
  for (const key of await withSystem(db, (tx) => listOpenHolds(tx, status, atOnce))) {
    try {
      const claimed = await withOrganization(db, key.organizationId, (tx) => claimHold(tx, key, status));
      done += claimed !== null && (await work({ ...context, stripe }, key, claimed.finalizesAt)) ? 1 : 0;
    } catch (error) {
      log[isPassing(error) ? "warn" : "error"]({ err: error, ...key }, "draft invoice not moved");
    }
  }
  return done;
}

async function hold(context: Step, key: HoldKey): Promise<boolean> {
  const { db, stripe, log } = context;
  const { organizationId, invoiceId } = key;
  const within = <Result>(work: (tx: Tx) => Promise<Result>) => withOrganization(db, organizationId, work);
  const invoice = (await within((tx) => isOverageOpen(tx, organizationId)))
    ? await fetchDraft(stripe, key)
    : null;
  if (invoice === null || !invoice.renewal || invoice.finalizesAt === null) {
    await within((tx) => markReleased(tx, key));
    return false;
  }
  const until = holdUntil(invoice.createdAt);
  const finalizesAt = new Date(invoice.finalizesAt);
  const held = { finalizesAt, until: new Date(until) };
  await within((tx) => markHeld(tx, key, held));
  await stripe.moveFinalization(invoiceId, until);
  // Stripe may have been slow, and somebody else have moved it back before: then it is moved back again.
  await within((tx) => markHeld(tx, key, held));
  log.warn(
    { organizationId, invoiceId, finalizesAt, until: new Date(until) },
    "finalization moved out: overage is not on the invoice yet, is the worker running?",
  );
  return true;
}

async function release(context: Step, key: HoldKey, finalizesAt: Date | null): Promise<boolean> {
  const { db, stripe, log } = context;
  const { organizationId, invoiceId } = key;
  const within = <Result>(work: (tx: Tx) => Promise<Result>) => withOrganization(db, organizationId, work);
  const state = await within(async (tx) => ({
    open: await isOverageOpen(tx, organizationId),
    now: await readClock(tx),
  }));
  const invoice = await fetchDraft(stripe, key);
  if (invoice !== null && state.open) {
    // It may have died before Stripe was told.
    const until = holdUntil(invoice.createdAt);
    if (invoice.finalizesAt !== null && invoice.finalizesAt < until) {
      await stripe.moveFinalization(invoiceId, until);
      const held = { finalizesAt: finalizesAt ?? new Date(invoice.finalizesAt), until: new Date(until) };
      await within((tx) => markHeld(tx, key, held));
    }
    return false;
  }
  if (invoice !== null) {
    const at = releaseAt(finalizesAt?.getTime() ?? 0, state.now.getTime());
    await stripe.moveFinalization(invoiceId, at);
    log.info({ organizationId, invoiceId, finalizesAt: new Date(at) }, "finalization moved back");
  }
  await within((tx) => markReleased(tx, key));
  return true;
}

async function fetchDraft(stripe: StripeGateway, { invoiceId }: HoldKey): Promise<StripeInvoice | null> {
  try {
    const invoice = await stripe.fetchInvoice(invoiceId);
    return invoice.status === "draft" ? invoice : null;
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "missing") {
      return null;
    }
    throw error;
  }
}
