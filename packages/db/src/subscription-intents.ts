import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";

/** What a person may want of a subscription that runs. At most one wish is under way in an organization. */
export type ChangeKind = "change_plan" | "set_seats" | "cancel" | "resume";
const changeKinds: readonly ChangeKind[] = ["change_plan", "set_seats", "cancel", "resume"];

/** A wish before Stripe is called for it: its id is the idempotency key of what is sent. */
export interface NewIntent {
  id: string;
  kind: ChangeKind | "portal";
  /** Of kind and parameters: the same wish has the same. */
  fingerprint: string;
  parameters: object;
}

/** The wish of this kind that was made before and has no answer yet; null: none. */
export async function findPendingIntent(
  tx: Tx,
  organizationId: string,
  fingerprint: string,
): Promise<{ id: string } | null> {
  const row = await tx
    .selectFrom("stripe_intent")
    .select("id")
    .where("organization_id", "=", organizationId)
    .where("kind", "<>", "checkout")
    .where("status", "=", "pending")
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return row ?? null;
}

/** Whatever change is under way is wanted no more. */
export async function supersedeChanges(tx: Tx, organizationId: string): Promise<void> {
  await tx
    .updateTable("stripe_intent")
    .set({ status: "superseded", updated_at: sql`clock_now()` })
    .where("organization_id", "=", organizationId)
    .where("kind", "in", changeKinds)
    .where("status", "=", "pending")
    .execute();
}

export async function insertIntent(
  tx: Tx,
  organizationId: string,
  { id, kind, fingerprint, parameters }: NewIntent,
  now: Date,
): Promise<void> {
  await tx
    .insertInto("stripe_intent")
    .values({
      organization_id: organizationId,
      id,
      kind,
      fingerprint,
      parameters: JSON.stringify(parameters),
      created_at: now,
      updated_at: now,
    })
    .execute();
}

/** Notes what became of a wish, unless another took its place meanwhile. */
export async function closeIntent(
  tx: Tx,
  organizationId: string,
  id: string,
  status: "done" | "failed",
): Promise<void> {
  await tx
    .updateTable("stripe_intent")
    .set({ status, updated_at: sql`clock_now()` })
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .where("status", "=", "pending")
    .execute();
}

/** The most seats that were bought at once since an instant, by calls of ours; 0: none were. */
export async function readPeakSeats(tx: Tx, organizationId: string, since: Date): Promise<number> {
  const row = await tx
    .selectFrom("stripe_intent")
    .select(
      // From how many a change went is what Stripe had, whatever became of the change.
      sql<number>`coalesce(max(greatest((parameters ->> 'from')::int,
        case when status = 'done' then (parameters ->> 'seats')::int end)), 0)`.as("peak"),
    )
    .where("organization_id", "=", organizationId)
    .where("kind", "=", "set_seats")
    .where("created_at", ">=", since)
    .executeTakeFirstOrThrow();
  return row.peak;
}

/** The configuration of Stripe's portal that a push of the plans made; null: the account's default. */
export async function readPortalConfiguration(tx: Tx): Promise<string | null> {
  const row = await tx.selectFrom("configuration").select("portal_configuration_id").executeTakeFirst();
  return row?.portal_configuration_id ?? null;
}

/** The plan that waited before a change took it back to make way for another one, and the plan that it waited behind. */
export interface WaitingPlan {
  planId: string;
  planVersion: number;
  behind: { planId: string; planVersion: number };
  /** The seats that waited with it, and those that were paid for then; absent: the same. */
  seats?: { waiting: number; paid: number };
}

/** The seats that the last change of ours left on a subscription's items; null: none is known. */
export async function findSeatsOnItems(
  tx: Tx,
  organizationId: string,
  subscriptionId: string,
): Promise<number | null> {
  const row = await tx
    .selectFrom("stripe_intent")
    .select(sql<number | null>`(parameters ->> 'seats')::integer`.as("seats"))
    .where("organization_id", "=", organizationId)
    .where("kind", "in", ["change_plan", "set_seats"])
    .where("status", "=", "done")
    .where(sql<string>`parameters ->> 'subscriptionId'`, "=", subscriptionId)
    .where(sql`parameters ->> 'seats'`, "is not", null)
    .orderBy("id", "desc")
    .executeTakeFirst();
  return row?.seats ?? null;
}

/** The plan that is to wait again unless the change that it was taken back for is made; null: there is none. */
export async function findWaitingPlan(tx: Tx, organizationId: string): Promise<WaitingPlan | null> {
  const row = await tx
    .selectFrom("stripe_intent")
    .select(sql<WaitingPlan>`parameters -> 'restores'`.as("waiting"))
    .where("organization_id", "=", organizationId)
    .where(sql<boolean>`parameters ? 'restores'`)
    .orderBy("id", "desc")
    .executeTakeFirst();
  return row?.waiting ?? null;
}

/** The change was made, or something else is wanted: nothing is to wait again. */
export async function forgetWaitingPlan(tx: Tx, organizationId: string): Promise<void> {
  await tx
    .updateTable("stripe_intent")
    .set({ parameters: sql`parameters - 'restores'` })
    .where("organization_id", "=", organizationId)
    .where(sql<boolean>`parameters ? 'restores'`)
    .execute();
}
