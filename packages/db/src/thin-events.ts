import { sql } from "kysely";
import { type InboxFault, laterAfter } from "./inbox.ts";
import type { Tx } from "./tenancy.ts";

/** A thin event of which is not known yet whose it is. */
export interface UnresolvedEvent {
  seq: number;
  eventId: string;
  type: string;
  account: string;
}

const catalogueTypes = sql<boolean>`type !~ '^(v1\\.)?(price|product)\\.'`;

/** Takes thin events that are due to be asked about for 30 seconds of real time, the longest waiting first. */
export async function claimThinEvents(tx: Tx, most: number): Promise<UnresolvedEvent[]> {
  const rows = await tx
    .updateTable("stripe_inbox")
    .set({ next_attempt_at: sql`clock_timestamp() + interval '30 seconds'` })
    .where("seq", "in", (from) =>
      from
        .selectFrom("stripe_inbox")
        .select("seq")
        .where("status", "=", "pending")
        .where("style", "=", "thin")
        .where("customer_id", "is", null)
        .where("next_attempt_at", "<=", sql<Date>`clock_timestamp()`)
        .where(catalogueTypes)
        // What was put off is behind what has not been asked about: one that fails again and again holds nobody up.
        .orderBy("next_attempt_at")
        .orderBy("seq")
        .limit(most)
        .forUpdate()
        .skipLocked(),
    )
    .returning(["seq", "event_id as eventId", "type", "account"])
    .execute();
  return rows.sort((a, b) => a.seq - b.seq);
}

/** What Stripe answered about a thin event. */
export interface ThinFacts {
  /** The snapshot event that tells of the same change; null: none. */
  twinId: string | null;
  customerId: string | null;
  /** What of its object is read later, as a snapshot event's payload has it. */
  object: object;
}

/**
 * Writes down whose a thin event is, so that it is applied with the customer's others. It is ignored where its twin is
 * here already, and where it is nobody's. Answers the customer to apply now; null: none.
 */
export async function resolveThinEvent(
  tx: Tx,
  { seq, account }: UnresolvedEvent,
  { twinId, customerId, object }: ThinFacts,
): Promise<string | null> {
  const told = sql<boolean>`exists (
    select from stripe_inbox t where t.account = ${account} and t.event_id = ${twinId ?? ""} 
      and t.status not in ('ignored', 'quarantined'))`;
  const row = await tx
    .updateTable("stripe_inbox")
    .set({
      twin_id: twinId,
      customer_id: customerId,
      payload: sql`payload || ${JSON.stringify({ data: { object } })}::jsonb`,
      status: sql`case when ${customerId}::text is null or ${told} then 'ignored' else 'pending' end`,
      next_attempt_at: sql`clock_timestamp()`,
    })
    .where("seq", "=", seq)
    .where("status", "=", "pending")
    .returning("status")
    .executeTakeFirst();
  return row?.status === "pending" ? customerId : null;
}

/** Notes that a thin event which is no customer's was applied. */
export async function closeThinEvent(tx: Tx, { seq }: UnresolvedEvent): Promise<void> {
  await tx
    .updateTable("stripe_inbox")
    .set({ status: "applied", applied_at: sql`clock_timestamp()`, last_error: null })
    .where("seq", "=", seq)
    .execute();
}

/** Puts it off, as `putOffEvents` does those of a customer. */
export async function putOffThinEvent(tx: Tx, { seq }: UnresolvedEvent, fault: InboxFault): Promise<void> {
  await tx
    .updateTable("stripe_inbox")
    .set(laterAfter(fault))
    .where("seq", "=", seq)
    .where("status", "=", "pending")
    .execute();
}
