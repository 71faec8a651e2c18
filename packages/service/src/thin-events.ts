import { withSystem } from "@headroom/db/tenancy";
import {
  claimThinEvents,
  closeThinEvent,
  putOffThinEvent,
  resolveThinEvent,
  type UnresolvedEvent,
} from "@headroom/db/thin-events";
import { rejectPushes } from "@headroom/db/usage-pushes";
import type { ServiceContext } from "./context.ts";
import { isPassing } from "./stripe/faults.ts";
import type { MeterReport, StripeGateway } from "./stripe/gateway.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;
type Ready = Context & { stripe: StripeGateway };

/** Events that are asked about before it is looked whether there is time for more. */
const atOnce = 5;

/** How much is asked, for the sake of whoever waits behind it. */
export interface ResolvingBudget {
  /** Events at most. */
  most: number;
  /** Real milliseconds after which no more are begun. */
  withinMs: number;
}

/**
 * Asks Stripe what the thin events are about that wait, the longest waiting first: a customer's are applied with its others, unless
 * the snapshot event of the same change is here; reports of meter events that do not count are applied at once.
 * @param context `db` as hr_webhook or hr_worker. @returns the customers that have events to apply now
 */
export async function resolveThinEvents(
  context: Context,
  { most, withinMs }: ResolvingBudget = { most: 50, withinMs: Number.POSITIVE_INFINITY },
): Promise<string[]> {
  const { db, stripe } = context;
  if (stripe === null) {
    return [];
  }
  const customers = new Set<string>();
  const until = performance.now() + withinMs;
  for (let left = most; left > 0; ) {
    const events = await withSystem(db, (tx) => claimThinEvents(tx, Math.min(atOnce, left)));
    for (const event of events) {
      const customerId = await resolveOne({ ...context, stripe }, event);
      if (customerId !== null) {
        customers.add(customerId);
      }
    }
    left -= atOnce;
    if (events.length < atOnce || performance.now() >= until) {
      break;
    }
  }
  return [...customers];
}

async function resolveOne({ db, stripe, log }: Ready, event: UnresolvedEvent): Promise<string | null> {
  const { eventId, type } = event;
  try {
    const { report, ...facts } = await stripe.fetchThinEvent(eventId);
    if (report === null) {
      return await withSystem(db, (tx) => resolveThinEvent(tx, event, facts));
    }
    await applyReport({ db, log }, event, report);
    return null;
  } catch (fault) {
    log.error({ err: fault, eventId, type }, "thin Stripe event put off");
    const message = fault instanceof Error ? fault.message : String(fault);
    await withSystem(db, (tx) => putOffThinEvent(tx, event, { message, passing: isPassing(fault) }));
    return null;
  }
}

/** A report names samples alone: what it leaves out is found by comparing the ledger with Stripe's summaries. */
async function applyReport(
  { db, log }: Pick<Context, "db" | "log">,
  event: UnresolvedEvent,
  { count, errors }: MeterReport,
): Promise<void> {
  const ours = await withSystem(db, async (tx) => {
    let known = 0;
    for (const { code, identifiers } of errors) {
      known += await rejectPushes(tx, identifiers, code);
    }
    await closeThinEvent(tx, event);
    return known;
  });
  const codes = errors.map(({ code }) => code);
  log.error({ eventId: event.eventId, count, codes, ours }, "Stripe did not count meter events");
}
