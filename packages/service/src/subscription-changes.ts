import { createHash } from "node:crypto";
import { readClock } from "@headroom/db/clock";
import { findCustomer } from "@headroom/db/customers";
import { enqueue } from "@headroom/db/jobs";
import {
  type ChangeKind,
  closeIntent,
  findPendingIntent,
  forgetWaitingPlan,
  insertIntent,
  supersedeChanges,
  type WaitingPlan,
} from "@headroom/db/subscription-intents";
import { writeBasePlan } from "@headroom/db/subscriptions";
import { lockOrganizationOrDeleted, type Tx, withOrganization } from "@headroom/db/tenancy";
import type { AuditAction } from "@headroom/domain/audit-actions";
import { DomainError } from "@headroom/domain/errors";
import { encodeId } from "@headroom/domain/ids";
import { noSubscriptionError } from "@headroom/domain/plan-changes";
import { canonical } from "@headroom/domain/plans";
import { failpoint } from "@headroom/platform/failpoints";
import { uuidv7 } from "@headroom/platform/uuid";
import { type Access, withLockedOrganization } from "./access.ts";
import { recordChange } from "./changes.ts";
import type { ServiceContext } from "./context.ts";
import { type CustomerLease, withCustomerLease } from "./customer-leases.ts";
import { refreshCustomer } from "./customer-sync.ts";
import { answerWithinMs, withinDeadline } from "./stripe/deadlines.ts";
import { forWaitingPerson, isPassing, isUnanswered, StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { requireChanges } from "./stripe/requirements.ts";
import { perform, type StripeStep } from "./stripe/steps.ts";

/** What is to be done at Stripe, as it was decided under the organization's lock. */
export interface Wish {
  kind: ChangeKind;
  subscriptionId: string;
  /** None: nothing is left to do. */
  steps: readonly StripeStep[];
  /** Kept with the intent, beside the steps. */
  details?: Readonly<Record<string, unknown>>;
  audit: { action: AuditAction; data: Readonly<Record<string, unknown>> };
  /** This is the first of two changes: what is to wait again unless the second one is made. */
  restores?: WaitingPlan;
  /** The second of two changes; and a change of seats leaves what waits. */
  keepsWaiting?: boolean;
  /** The free plan that holds afterwards, written when Stripe has answered. */
  base?: { planId: string; planVersion: number };
}

/** The time at Stripe while a person waits: nobody else changes the customer meanwhile. */
export interface StripeTurn {
  stripe: StripeGateway;
  customerId: string;
  /**
   * Decides under the organization's lock, with the state as Stripe had it a moment ago, commits the wish, carries it out,
   * and reads back what came of it. Answers the decision; `wish` null: there was nothing to do.
   * @throws DomainError payment_failed, no_subscription; StripeFault, after which the same wish can be made again
   */
  change<Decision extends { wish: Wish | null }>(
    decide: (tx: Tx, access: Access, now: Date) => Promise<Decision>,
  ): Promise<Decision>;
}

type Context = ServiceContext & { stripe: StripeGateway };

const leaseWaitMs = 5_000;
// Whoever asked has been answered by then.
const restoreAfterMs = 60_000;

/**
 * Lets one person at a time change an organization's subscription: under the customer's lease, with what Stripe has now
 * read and written first.
 * @throws DomainError billing_not_configured and unavailable (503), no_subscription (409) where there is no customer
 */
export async function atStripe<Result>(
  context: ServiceContext,
  access: Access,
  work: (turn: StripeTurn) => Promise<Result>,
): Promise<Result> {
  const ready = requireChanges(context);
  const { organizationId } = access;
  const customerId = await withOrganization(ready.db, organizationId, (tx) =>
    findCustomer(tx, organizationId),
  );
  if (customerId === null) {
    throw noSubscriptionError();
  }
  const result = await withCustomerLease(
    ready,
    customerId,
    async (lease) => ({
      of: await forWaitingPerson(() =>
        withinDeadline(answerWithinMs, async () => {
          await refreshCustomer(ready, lease, organizationId);
          return work({
            stripe: ready.stripe,
            customerId,
            change: (decide) => changeOnce(ready, lease, access, decide),
          });
        }),
      ),
    }),
    { waitMs: leaseWaitMs },
  ).finally(() => sweepSoon(ready, organizationId));
  if (result === "busy") {
    throw new DomainError("unavailable", "Somebody else is changing the subscription. Try again.");
  }
  return result.of;
}

// Events of the change came while its lease was held, and whoever received them left them to the sweep.
async function sweepSoon({ db, log }: Context, organizationId: string): Promise<void> {
  try {
    await withOrganization(db, organizationId, (tx) =>
      enqueue(tx, "sweep_inbox", {}, { jobKey: "sweep_inbox_after_change" }),
    );
  } catch (error) {
    log.warn({ err: error, organizationId }, "sweep not asked for");
  }
}

async function changeOnce<Decision extends { wish: Wish | null }>(
  context: Context,
  lease: CustomerLease,
  access: Access,
  decide: (tx: Tx, access: Access, now: Date) => Promise<Decision>,
): Promise<Decision> {
  const { organizationId } = access;
  const { decision, intentId } = await withLockedOrganization(
    context,
    access,
    async (tx, _organization, fresh) => {
      await lease.assertHeld(tx);
      const now = await readClock(tx);
      const decided = await decide(tx, fresh, now);
      const id = decided.wish === null ? null : await claim(tx, fresh, decided.wish, now);
      if (id === null) {
        // Nothing is left to do: whatever had no answer was done, or is wanted no more.
        await supersedeChanges(tx, organizationId);
      }
      return { decision: decided, intentId: id };
    },
  );
  if (decision.wish !== null && intentId !== null) {
    await carryOut(context, lease, access, { ...decision.wish, id: intentId });
  }
  return decision;
}

/** The id of the row that stands for the wish: the one of an earlier try without an answer, or a new one. */
async function claim(tx: Tx, { organizationId, actor }: Access, wish: Wish, now: Date): Promise<string> {
  const { kind, subscriptionId, steps, details, audit, restores } = wish;
  const parameters = { ...details, subscriptionId, steps };
  const fingerprint = createHash("sha256").update(canonical({ kind, parameters })).digest("hex");
  if (!wish.keepsWaiting) {
    await forgetWaitingPlan(tx, organizationId);
  }
  const pending = await findPendingIntent(tx, organizationId, fingerprint);
  if (pending !== null) {
    return pending.id;
  }
  await supersedeChanges(tx, organizationId);
  const id = uuidv7();
  const kept = restores ? { ...parameters, restores } : parameters;
  await insertIntent(tx, organizationId, { id, kind, fingerprint, parameters: kept }, now);
  if (restores) {
    const jobKey = `restore_plan:${organizationId}`;
    const runAt = new Date(Date.now() + restoreAfterMs);
    await enqueue(tx, "restore_plan", { organizationId }, { jobKey, runAt });
  }
  await recordChange(tx, {
    organizationId,
    actor,
    audit: { ...audit, target: encodeId("org", organizationId) },
  });
  return id;
}

async function carryOut(
  context: Context,
  lease: CustomerLease,
  { organizationId }: Access,
  wish: Wish & { id: string },
): Promise<void> {
  const { db, log } = context;
  try {
    for (const [index, step] of wish.steps.entries()) {
      await perform(context.stripe, wish.subscriptionId, step, `${wish.id}:${index}`);
    }
  } catch (fault) {
    log.error({ err: fault, organizationId, intentId: wish.id, kind: wish.kind }, "subscription not changed");
    if (!(fault instanceof StripeFault) || isUnanswered(fault)) {
      throw fault;
    }
    await withOrganization(db, organizationId, (tx) => closeIntent(tx, organizationId, wish.id, "failed"));
    throw isPassing(fault) ? fault : refusalOf(fault);
  }
  failpoint("change.performed");
  await withOrganization(db, organizationId, async (tx) => {
    const organization = await lockOrganizationOrDeleted(tx, organizationId);
    await closeIntent(tx, organizationId, wish.id, "done");
    if (wish.kind === "change_plan" && !wish.restores) {
      await forgetWaitingPlan(tx, organizationId);
    }
    if (organization !== null && wish.base !== undefined) {
      await writeBasePlan(tx, organizationId, wish.base, await readClock(tx));
    }
  });
  await readBack(context, lease, organizationId);
}

function refusalOf(fault: StripeFault): Error {
  if (fault.kind === "declined") {
    return new DomainError("payment_failed", "The payment was declined. Nothing has changed.");
  }
  return fault.kind === "missing" ? noSubscriptionError() : fault;
}

// What was done is done: where it cannot be read back now, the webhook brings it.
async function readBack(context: Context, lease: CustomerLease, organizationId: string): Promise<void> {
  try {
    await refreshCustomer(context, lease, organizationId);
  } catch (error) {
    context.log.warn({ err: error, organizationId }, "changed subscription not read back");
  }
}
