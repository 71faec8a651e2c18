import {
  forgetSeatPush,
  listDueSeatTargets,
  putOffSeatTarget,
  type SeatDebounce,
} from "@headroom/db/seat-targets";
import { withOrganization, withSystem } from "@headroom/db/tenancy";
import { failpoint } from "@headroom/platform/failpoints";
import { forEachAtOnce } from "./at-once.ts";
import type { ServiceContext } from "./context.ts";
import { type CustomerLease, withCustomerLease } from "./customer-leases.ts";
import { type Course, takeStep } from "./seat-steps.ts";
import { isPassing, isUnanswered, StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log" | "configuration">;
type SeatContext = Context & { stripe: StripeGateway };

/** `settled`: Stripe was right. `held`: Stripe's limits. `busy`: another process works on the customer. */
export type SeatOutcome = "pushed" | "settled" | "held" | "busy" | "failed";

const atOnce = 50;
/** Three requests each, of the 25 a second that Stripe allows at least. */
const customersAtOnce = 4;
export const seatDebounce: SeatDebounce = { quietMs: 5_000, longestMs: 60_000 };

/**
 * Tells Stripe the seats of organizations whose plan follows their members, once no more changes come for a while. Safe
 * beside itself in another process: whoever calls Stripe holds the customer's lease. Nobody who joins or leaves waits.
 * @param context `db` as hr_worker.
 */
export async function syncSeats(
  context: Context,
  debounce: SeatDebounce = seatDebounce,
): Promise<Record<SeatOutcome, number>> {
  const { db, stripe } = context;
  const outcomes = { pushed: 0, settled: 0, held: 0, busy: 0, failed: 0 };
  if (stripe === null || stripe.readOnly) {
    return outcomes;
  }
  const due = await withSystem(db, (tx) => listDueSeatTargets(tx, debounce, atOnce));
  await forEachAtOnce(due, customersAtOnce, async ({ organizationId, customerId }) => {
    const work = (lease: CustomerLease) => followSafely({ ...context, stripe }, lease, organizationId);
    outcomes[await withCustomerLease(context, customerId, work)] += 1;
  });
  return outcomes;
}

async function followSafely(
  context: SeatContext,
  lease: CustomerLease,
  organizationId: string,
): Promise<SeatOutcome> {
  const { db, log } = context;
  try {
    const outcome = await follow(context, lease, organizationId);
    log.info({ organizationId, outcome }, "seats followed");
    return outcome;
  } catch (error) {
    log[isPassing(error) ? "warn" : "error"]({ err: error, organizationId }, "seats not pushed");
    const reason = error instanceof Error ? error.message : String(error);
    const answered = isAnswer(error);
    await withOrganization(db, organizationId, (tx) =>
      putOffSeatTarget(tx, organizationId, { reason, answered }),
    );
    return "failed";
  }
}

/** Fetch, decide, call, until Stripe is right: what is read back after the last call is what is written here. */
async function follow(
  context: SeatContext,
  lease: CustomerLease,
  organizationId: string,
): Promise<"pushed" | "settled" | "held"> {
  const { db, stripe } = context;
  const course: Course = { calls: 0, version: null, declined: false };
  failpoint("seats.leased");
  for (;;) {
    const customer = await stripe.fetchCustomer(lease.customerId);
    const next = await withOrganization(db, organizationId, (tx) =>
      takeStep(context, tx, { lease, organizationId, customer, course }),
    );
    if (next.call === null) {
      failpoint("seats.marked");
      return next.held ? "held" : course.calls > 0 ? "pushed" : "settled";
    }
    failpoint("seats.counted");
    course.calls += 1;
    course.version = next.version;
    const { key, subscriptionId, items, proration } = next.call;
    try {
      await stripe.updateSubscription(subscriptionId, { items, proration }, key);
      failpoint("seats.pushed");
    } catch (error) {
      if (!(error instanceof StripeFault && error.kind === "declined" && proration === "now")) {
        throw error;
      }
      // Who joined stays; the next invoice carries the seat, and its payment is Stripe's to pursue.
      course.declined = true;
      await withOrganization(db, organizationId, (tx) => forgetSeatPush(tx, organizationId));
    }
  }
}

/** Stripe said no, and would to the same key again. A fault without a request's id never got an answer. */
function isAnswer(error: unknown): boolean {
  return error instanceof StripeFault && !isUnanswered(error);
}
