import { setTimeout as sleep } from "node:timers/promises";
import { extendLease, holdLease, releaseLease, takeLease } from "@headroom/db/customer-leases";
import { type Tx, withStatement } from "@headroom/db/tenancy";
import { uuidv7 } from "@headroom/platform/uuid";
import type { ServiceContext } from "./context.ts";

type Context = Pick<ServiceContext, "db" | "log">;

/** The right to change what we know of a Stripe customer, and to call Stripe about their subscription. */
export interface CustomerLease {
  customerId: string;
  /** The clock that plans follow, when the lease was taken: what Stripe says afterwards is of then or later. */
  takenAt: Date;
  /** True while the lease is still this one's; it stays so until the transaction ends. */
  isHeld(tx: Tx): Promise<boolean>;
  /**
   * Fences a transaction: what it writes counts only while the lease is still this one's.
   * @throws Error when another process has taken it over.
   */
  assertHeld(tx: Tx): Promise<void>;
}

const askAgainMs = 50;
const renewMs = 1_500;

/**
 * Runs some work as the only one who works on a customer, in whatever process. The lease is short and kept alive: what a
 * killed process held is free within 5 seconds.
 * @param waitMs how long to wait for whoever has it; default: not at all.
 * @returns what the work returned, or "busy" when somebody else has the lease.
 */
export async function withCustomerLease<Result>(
  context: Context,
  customerId: string,
  work: (lease: CustomerLease) => Promise<Result>,
  { waitMs = 0 }: { waitMs?: number } = {},
): Promise<Result | "busy"> {
  const { db } = context;
  const token = uuidv7();
  const until = performance.now() + waitMs;
  const take = () => withStatement(db, (kysely) => takeLease(kysely, customerId, token));
  let takenAt = await take();
  while (takenAt === null) {
    if (performance.now() >= until) {
      return "busy";
    }
    await sleep(askAgainMs);
    takenAt = await take();
  }
  const heartbeat = setInterval(() => void keep(context, customerId, token), renewMs);
  try {
    return await work({ ...leaseOf(customerId, token), takenAt });
  } finally {
    clearInterval(heartbeat);
    await withStatement(db, (kysely) => releaseLease(kysely, customerId, token));
  }
}

async function keep({ db, log }: Context, customerId: string, token: string): Promise<void> {
  try {
    await withStatement(db, (kysely) => extendLease(kysely, customerId, token));
  } catch (error) {
    log.warn({ err: error, customerId }, "lease not extended");
  }
}

function leaseOf(customerId: string, token: string): Omit<CustomerLease, "takenAt"> {
  const isHeld = (tx: Tx) => holdLease(tx, customerId, token);
  return {
    customerId,
    isHeld,
    async assertHeld(tx) {
      if (!(await isHeld(tx))) {
        throw new Error(`the lease of customer ${customerId} was lost`);
      }
    },
  };
}
