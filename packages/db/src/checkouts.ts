import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** What a checkout is for. Stored with the intent, so that the same call to Stripe can be made again. */
export interface CheckoutParameters {
  planId: string;
  planVersion: number;
  /** Without a quantity: a metered price. */
  items: { priceId: string; quantity: number | null }[];
  trialDays: number;
  successUrl: string;
  cancelUrl: string;
  automaticTax: boolean;
  taxIds: boolean;
  promotionCodes: boolean;
  locale: string | null;
}

/** A checkout as it was asked for: its id is the idempotency key of the call that opens Stripe's session. */
export interface CheckoutIntent {
  id: string;
  fingerprint: string;
  parameters: CheckoutParameters;
  /** Stripe's session, once the call has answered. */
  session: { id: string; url: string } | null;
}

/** pending: not answered yet; done: the session is open; superseded: Stripe's session is still to be closed. */
export type IntentStatus = "pending" | "done" | "failed" | "superseded" | "completed" | "expired";

/** The organization's checkout that is under way or open; at most one is. */
export async function findOpenCheckout(tx: Tx, organizationId: string): Promise<CheckoutIntent | null> {
  const intents = await listCheckouts(tx, organizationId, ["pending", "done"]);
  return intents[0] ?? null;
}

/** Checkouts that a newer one took the place of, and whose sessions may still be open at Stripe. */
export async function listSupersededCheckouts(tx: Tx, organizationId: string): Promise<CheckoutIntent[]> {
  return listCheckouts(tx, organizationId, ["superseded"]);
}

async function listCheckouts(
  tx: Tx,
  organizationId: string,
  statuses: readonly IntentStatus[],
): Promise<CheckoutIntent[]> {
  const rows = await tx
    .selectFrom("stripe_intent")
    .select(["id", "fingerprint", "parameters", "result"])
    .where("organization_id", "=", organizationId)
    .where("kind", "=", "checkout")
    .where("status", "in", statuses)
    .orderBy("id")
    .execute();
  return rows.map((row) => ({
    id: row.id,
    fingerprint: row.fingerprint,
    parameters: row.parameters as unknown as CheckoutParameters,
    session: row.result as CheckoutIntent["session"],
  }));
}

/** A checkout whose session Stripe opened and that is not open any more; null: there is none of that id. */
export async function findEndedCheckout(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<{ url: string; paid: boolean } | null> {
  const row = await tx
    .selectFrom("stripe_intent")
    .select(["status", "result"])
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .where("kind", "=", "checkout")
    .where("status", "in", ["superseded", "completed", "expired"])
    .executeTakeFirst();
  const session = (row?.result ?? null) as CheckoutIntent["session"];
  return row && session ? { url: session.url, paid: row.status === "completed" } : null;
}

export async function insertCheckout(
  tx: Tx,
  organizationId: string,
  intent: Omit<CheckoutIntent, "session">,
  now: Date,
): Promise<void> {
  await tx
    .insertInto("stripe_intent")
    .values({
      organization_id: organizationId,
      id: intent.id,
      kind: "checkout",
      fingerprint: intent.fingerprint,
      parameters: JSON.stringify(intent.parameters),
      created_at: now,
      updated_at: now,
    })
    .execute();
}

/** The open checkout is wanted no more: its session is still to be closed. */
export async function supersedeCheckouts(tx: Tx, organizationId: string): Promise<void> {
  await unfinished(tx, organizationId)
    .set({ status: "superseded", updated_at: sql`clock_now()` })
    .where("status", "<>", "superseded")
    .execute();
}

/** Moves an intent on that is under way, open or superseded. */
export async function closeCheckout(
  tx: Tx,
  organizationId: string,
  id: string,
  status: IntentStatus,
): Promise<void> {
  await unfinished(tx, organizationId)
    .set({ status, updated_at: sql`clock_now()` })
    .where("id", "=", id)
    .execute();
}

/** Keeps the session that Stripe opened; false when a newer checkout has taken its place meanwhile. */
export async function keepSession(
  tx: Tx,
  organizationId: string,
  id: string,
  session: { id: string; url: string },
): Promise<boolean> {
  const { numUpdatedRows } = await unfinished(tx, organizationId)
    .set({ status: "done", result: JSON.stringify(session), updated_at: sql`clock_now()` })
    .where("id", "=", id)
    .where("status", "<>", "superseded")
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Ends the intents whose sessions Stripe says are over. */
export async function closeSessions(
  tx: Tx,
  organizationId: string,
  sessionIds: readonly string[],
  status: "completed" | "expired",
): Promise<void> {
  if (sessionIds.length > 0) {
    await unfinished(tx, organizationId)
      .set({ status, updated_at: sql`clock_now()` })
      .where(sql<string>`result ->> 'id'`, "in", sessionIds)
      .execute();
  }
}

/** Ends all checkouts: their customer is gone, and nobody can pay them any more. */
export async function endCheckouts(tx: Tx, organizationId: string): Promise<void> {
  await unfinished(tx, organizationId).set({ status: "expired", updated_at: sql`clock_now()` }).execute();
}

/** The members that a plan with automatic seats is billed for. */
export async function countMembers(tx: Tx, organizationId: string, withOwner: boolean): Promise<number> {
  const row = await tx
    .selectFrom("membership")
    .select((eb) => eb.fn.countAll<number>().as("members"))
    .where("organization_id", "=", organizationId)
    .$if(!withOwner, (query) => query.where("role", "<>", "owner"))
    .executeTakeFirstOrThrow();
  return row.members;
}

function unfinished(tx: Tx, organizationId: string) {
  return tx
    .updateTable("stripe_intent")
    .where("organization_id", "=", organizationId)
    .where("kind", "=", "checkout")
    .where("status", "in", ["pending", "done", "superseded"]);
}
