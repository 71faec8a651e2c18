import {
  leaveEndedPeriods,
  listPeriodsToRate,
  listUnclosedPeriods,
  type PeriodKey,
} from "@headroom/db/closed-periods";
import { claimOverage, listDueOverages } from "@headroom/db/overages";
import { type Tx, withOrganization, withSystem } from "@headroom/db/tenancy";
import { failpoint } from "@headroom/platform/failpoints";
import { forEachAtOnce } from "./at-once.ts";
import type { ServiceContext } from "./context.ts";
import type { SendOutcome } from "./overage-ending.ts";
import { closeAndRate, rateAmended } from "./overage-rating.ts";
import { sendOverage } from "./overage-sending.ts";

const atOnce = 100;
const gatesAtOnce = 20;
/** Some five requests a row, of the 25 a second that Stripe allows at least. */
const organizationsAtOnce = 4;

/**
 * Counts the periods that have ended and writes their overage into the ledger, in the transaction that closes each:
 * what is to be billed is on record before anything is sent. Corrects the ledger of closed periods that a void amended.
 * Safe to run beside itself.
 * @param context `db` as hr_worker.
 */
export async function closeDuePeriods(
  context: Pick<ServiceContext, "db" | "log">,
): Promise<{ closed: number; amended: number }> {
  const { db } = context;
  while ((await withSystem(db, (tx) => leaveEndedPeriods(tx, gatesAtOnce))) === gatesAtOnce) {
    // The next few, in a transaction of their own: gates are locked only for a moment.
  }
  return {
    closed: await drain(context, listUnclosedPeriods, closeAndRate),
    amended: await drain(context, listPeriodsToRate, rateAmended),
  };
}

async function drain(
  { db, log }: Pick<ServiceContext, "db" | "log">,
  list: (tx: Tx, most: number) => Promise<PeriodKey[]>,
  work: (tx: Tx, key: PeriodKey) => Promise<boolean>,
): Promise<number> {
  let all = 0;
  for (;;) {
    const due = await withSystem(db, (tx) => list(tx, atOnce));
    let now = 0;
    for (const key of due) {
      // One period that cannot be closed keeps no other from it.
      try {
        now += (await withOrganization(db, key.organizationId, (tx) => work(tx, key))) ? 1 : 0;
      } catch (error) {
        log.error({ err: error, ...key }, "period not closed");
      }
    }
    all += now;
    if (due.length < atOnce || now === 0) {
      return all;
    }
  }
}

/**
 * Puts the ledger's open rows onto Stripe's invoices, and changes there what was amended. A row that was sent before the
 * process died is found on its invoice by the ledger's id and not sent again. Safe to run beside itself.
 * @param context `db` as hr_worker.
 */
export async function reportOverage(
  context: Pick<ServiceContext, "db" | "stripe" | "log" | "configuration">,
): Promise<Record<SendOutcome, number>> {
  const { db, stripe } = context;
  const result = { sent: 0, waiting: 0, failed: 0 };
  if (stripe === null || stripe.readOnly) {
    return result;
  }
  const due = Map.groupBy(
    await withSystem(db, (tx) => listDueOverages(tx, atOnce)),
    (row) => row.organizationId,
  );
  await forEachAtOnce([...due.values()], organizationsAtOnce, async (rows) => {
    for (const { organizationId, id } of rows) {
      const row = await withOrganization(db, organizationId, (tx) => claimOverage(tx, organizationId, id));
      if (row !== null) {
        failpoint("overage.claimed");
        result[await sendOverage({ ...context, stripe }, row)] += 1;
      }
    }
  });
  return result;
}
