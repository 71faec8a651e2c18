import type { BillingSignals } from "@headroom/domain/billing-health";
import { sql } from "kysely";
import type { Database } from "./client.ts";

/** How billing stands as a whole, in one statement. @param database as hr_api, hr_worker or hr_webhook */
export async function readBillingSignals(database: Database): Promise<BillingSignals> {
  const { rows } = await sql<BillingSignals>`
    select pending, oldest_pending_seconds as "oldestPendingSeconds",
      unlinked, unknown_price as "unknownPrice", unknown_status as "unknownStatus",
      oldest_parked_seconds as "oldestParkedSeconds", dead, quarantined,
      drift, drifted_ago as "driftedAgo", failing,
      unsettled, oldest_unsettled_seconds as "oldestUnsettledSeconds",
      held_invoices as "heldInvoices", oldest_held_seconds as "oldestHeldSeconds",
      ambiguous_pushes as "ambiguousPushes", oldest_ambiguous_seconds as "oldestAmbiguousSeconds",
      rejected_pushes as "rejectedPushes", rejected_ago as "rejectedAgo",
      case when backfill_ago is not null then
        jsonb_build_object('ago', backfill_ago, 'listed', backfill_listed, 'kept', backfill_kept) end as backfill,
      case when ledger_ago is not null then
        jsonb_build_object('ago', ledger_ago, 'differences', ledger_differences) end as ledger,
      case when usage_ago is not null then
        jsonb_build_object('ago', usage_ago, 'differences', usage_differences) end as usage,
      live, waiting_lines as "waitingLines", oldest_waiting_seconds as "oldestWaitingSeconds", unbilled,
      disputes, oldest_dispute_seconds as "oldestDisputeSeconds"
    from billing_signals(), open_disputes()`.execute(database.kysely);
  return rows[0] as BillingSignals;
}
