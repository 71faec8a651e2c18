import { sql } from "kysely";
import type { Tx } from "./tenancy.ts";
import { type PushRow, pushColumns } from "./usage-pushes.ts";

/** A push by its identifier. */
export async function findPush(
  tx: Tx,
  { organizationId, identifier }: Pick<PushRow, "organizationId" | "identifier">,
): Promise<PushRow | null> {
  const row = await tx
    .selectFrom("usage_push")
    .select(pushColumns)
    .where("organization_id", "=", organizationId)
    .where("identifier", "=", identifier)
    .executeTakeFirst();
  return (row as PushRow | undefined) ?? null;
}

/** Every push of an organization that stands, or is on its way, and of which no final invoice was seen. */
export async function listUnsettledPushes(tx: Tx, organizationId: string): Promise<PushRow[]> {
  const rows = await tx
    .selectFrom("usage_push")
    .select(pushColumns)
    .where("organization_id", "=", organizationId)
    .where("state", "<>", "rejected")
    .where("counted", "is", null)
    .execute();
  return rows as PushRow[];
}

/**
 * Pushes of any organization that were sent before an instant and of which no final invoice was seen, those after one of
 * them, in the order of their keys. As hr_worker.
 */
export async function listUncountedPushes(
  tx: Tx,
  page: { sentBefore: Date; after: Pick<PushRow, "organizationId" | "identifier"> | null; most: number },
): Promise<Pick<PushRow, "organizationId" | "identifier">[]> {
  const { sentBefore, after, most } = page;
  const { rows } = await sql<Pick<PushRow, "organizationId" | "identifier">>`
    select organization_id as "organizationId", identifier from uncounted_pushes(${sentBefore},
      ${after?.organizationId ?? null}::uuid, ${after?.identifier ?? null}::text, ${most})`.execute(tx);
  return rows;
}

/**
 * Notes what the final invoice billed of a push that was sent, or was being sent. Where that is not all of it, or more, the row becomes
 * what was billed; what the period's bill has beside it is for whoever rates it again. False: it was noted before, or the
 * push does not stand any more.
 */
export async function countPush(
  tx: Tx,
  { organizationId, identifier, overageId, value }: PushRow,
  { units, amount }: { units: number; amount: number },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("usage_push")
    .set({ state: "sent", counted: units, sent_at: sql`coalesce(sent_at, clock_now())` })
    .where("organization_id", "=", organizationId)
    .where("identifier", "=", identifier)
    .where("state", "<>", "rejected")
    .where("counted", "is", null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) {
    return false;
  }
  const billed = units === value ? {} : { quantity: units, amount };
  await tx
    .updateTable("overage")
    .set({
      ...billed,
      status: "metered",
      fixed: true,
      version: sql`version + 1`,
      sent_at: sql`coalesce(sent_at, clock_now())`,
      sent_quantity: units,
      sent_amount: units === value ? sql`amount` : amount,
      last_error: null,
    })
    .where("organization_id", "=", organizationId)
    .where("id", "=", overageId)
    .where("status", "in", ["pending", "metered", "sent"])
    .execute();
  return true;
}
