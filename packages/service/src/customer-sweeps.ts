import { setTimeout as sleep } from "node:timers/promises";
import { hasWaitingEvents, listDueSweeps, noteDrift, putOffSweep } from "@headroom/db/customer-sweeps";
import { withSystem } from "@headroom/db/tenancy";
import { differingFacts } from "@headroom/domain/subscriptions";
import type { ServiceContext } from "./context.ts";
import { withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import type { StripeGateway } from "./stripe/gateway.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

export interface SweepResult {
  /** Customers compared with Stripe. */
  swept: number;
  /** Of them those of which Stripe had what no event had brought. */
  drifted: number;
  /** Those that could not be compared: tried again in ten minutes. */
  failed: number;
}

export interface SweepPace {
  /** Customers at most. */
  most: number;
  /** Milliseconds after which no further one is begun. */
  forMs: number;
  /** Milliseconds from the start of one to the start of the next. A customer takes two requests, one more where one is past due. */
  everyMs: number;
}

/** Milliseconds that pass. */
export interface PaceClock {
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

const realTime: PaceClock = { now: () => performance.now(), sleep };

/** Five requests a second, a part of what Stripe allows; for less than the minute after which the next run begins. */
const defaultPace: SweepPace = { most: 120, forMs: 50_000, everyMs: 400 };

/**
 * Compares customers with Stripe: once a day, and after each instant at which we know that something changes there. What
 * differs is written, and counted as drift where no event had brought it: the proof that webhooks work. One process at a
 * time may run it, for the sake of the pace.
 * @param context `db` as hr_worker.
 */
export async function sweepCustomers(
  context: Context,
  pace: SweepPace = defaultPace,
  clock: PaceClock = realTime,
): Promise<SweepResult> {
  const { db, stripe } = context;
  const result: SweepResult = { swept: 0, drifted: 0, failed: 0 };
  if (stripe === null) {
    return result;
  }
  const until = clock.now() + pace.forMs;
  for (const due of await withSystem(db, (tx) => listDueSweeps(tx, pace.most))) {
    const next = clock.now() + pace.everyMs;
    if (next > until) {
      break;
    }
    const outcome = await sweepSafely({ ...context, stripe }, due);
    if (outcome !== "busy") {
      result[outcome === "failed" ? "failed" : "swept"] += 1;
      result.drifted += outcome === "drifted" ? 1 : 0;
    }
    await clock.sleep(Math.max(0, next - clock.now()));
  }
  return result;
}

interface Due {
  organizationId: string;
  customerId: string;
}

type Outcome = "same" | "drifted" | "failed" | "busy";

// One customer that cannot be compared keeps no other from it.
async function sweepSafely(context: Context & { stripe: StripeGateway }, due: Due): Promise<Outcome> {
  const { db, log } = context;
  try {
    return await sweep(context, due);
  } catch (error) {
    log.warn({ err: error, ...due }, "customer not compared with Stripe");
    const message = error instanceof Error ? error.message : String(error);
    await withSystem(db, (tx) => putOffSweep(tx, due.customerId, message));
    return "failed";
  }
}

async function sweep(
  context: Context & { stripe: StripeGateway },
  { organizationId, customerId }: Due,
): Promise<Outcome> {
  const { log } = context;
  return withCustomerLease(context, customerId, async (lease): Promise<Outcome> => {
    let fields: string[] = [];
    await refreshCustomer(context, lease, organizationId, async (tx, before, after) => {
      fields = differingFacts(before, after);
      if (fields.length > 0 && !(await hasWaitingEvents(tx, customerId))) {
        await noteDrift(tx, customerId, fields);
      } else {
        fields = [];
      }
    });
    if (fields.length === 0) {
      return "same";
    }
    log.warn({ organizationId, customerId, fields }, "Stripe had what no event had brought");
    return "drifted";
  });
}
