import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** Which events of the inbox; all given conditions hold together. */
export interface EventSelection {
  eventIds?: readonly string[];
  customerId?: string;
  type?: string;
  /** Received at this time or later; real time. */
  since?: Date;
  status?: "dead";
}

export interface InboxRow {
  eventId: string;
  type: string;
  status: string;
  reason: string | null;
  customerId: string | null;
  attempts: number;
  lastError: string | null;
  receivedAt: Date;
}

const columns = [
  "event_id as eventId",
  "type",
  "status",
  "reason",
  "customer_id as customerId",
  "attempts",
  "last_error as lastError",
  "received_at as receivedAt",
] as const;

/** Events of some statuses, the longest waiting first. */
export async function listEventsBy(tx: Tx, statuses: readonly string[], most: number): Promise<InboxRow[]> {
  return tx
    .selectFrom("stripe_inbox")
    .select(columns)
    .where("status", "in", statuses)
    .orderBy("seq")
    .limit(most)
    .execute();
}

/**
 * Lets events be applied again as if they had just come; answers their ids. Only those that belong to a customer or to the
 * catalogue, and thin ones: nothing would ever take up the others. Never one of the other mode.
 */
export async function renewEvents(
  tx: Tx,
  { eventIds, customerId, type, since, status }: EventSelection,
  catalogueTypes: readonly string[],
): Promise<string[]> {
  const rows = await tx
    .updateTable("stripe_inbox")
    .set({
      status: "pending",
      attempts: 0,
      next_attempt_at: sql`clock_timestamp()`,
      last_error: null,
      reason: null,
      parked_at: null,
    })
    // What cannot be stored is applied without its body, by asking Stripe.
    .where((eb) => eb.or([eb("status", "<>", "quarantined"), eb("reason", "=", "unstorable")]))
    .where((eb) =>
      eb.or([
        eb("customer_id", "is not", null),
        eb("type", "in", catalogueTypes),
        // Stripe is asked again whose it is.
        eb("style", "=", "thin"),
      ]),
    )
    .$if(eventIds !== undefined, (query) => query.where("event_id", "in", [...(eventIds ?? []), ""]))
    .$if(customerId !== undefined, (query) => query.where("customer_id", "=", customerId ?? ""))
    .$if(type !== undefined, (query) => query.where("type", "=", type ?? ""))
    .$if(since !== undefined, (query) => query.where("received_at", ">=", since ?? new Date()))
    .$if(status !== undefined, (query) => query.where("status", "=", status ?? ""))
    .returning("event_id")
    .execute();
  return rows.map((row) => row.event_id);
}

/** Takes away what events say after 35 days, and the events after 90; at most so many of each. What waits stays. */
export async function pruneInbox(tx: Tx, most: number): Promise<{ payloads: number; events: number }> {
  const { rows } = await sql<{ payloads: number; events: number }>`
    with gone as (
      delete from stripe_inbox where seq in (
        select seq from stripe_inbox where received_at < clock_timestamp() - interval '90 days'
          and status not in ('pending', 'parked') order by received_at limit ${most})
      returning 1
    ), emptied as (
      update stripe_inbox set payload = null where seq in (
        select seq from stripe_inbox where payload is not null
          and received_at between clock_timestamp() - interval '90 days' and clock_timestamp() - interval '35 days'
          and status not in ('pending', 'parked') order by received_at limit ${most})
      returning 1)
    select (select count(*) from emptied) as payloads, (select count(*) from gone) as events`.execute(tx);
  return rows[0] ?? { payloads: 0, events: 0 };
}
