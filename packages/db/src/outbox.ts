import type { Selectable } from "kysely";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

export type OutboxStatus = "pending" | "sent" | "failed" | "skipped";
export type OutboxRow = Omit<Selectable<DB["outbox"]>, "status"> & { status: OutboxStatus };

/** Writes down what is to be sent, in the transaction that causes it; false when its key was written down before. */
export async function addOutbox(
  tx: Tx,
  row: {
    organizationId: string;
    id: string;
    kind: "mail" | "webhook";
    /** Unique per organization: the same thing is never written down twice. */
    dedupeKey: string;
    payload: object;
    at: Date;
  },
): Promise<boolean> {
  const inserted = await tx
    .insertInto("outbox")
    .values({
      organization_id: row.organizationId,
      id: row.id,
      kind: row.kind,
      dedupe_key: row.dedupeKey,
      payload: JSON.stringify(row.payload),
      created_at: row.at,
    })
    .onConflict((conflict) => conflict.columns(["organization_id", "dedupe_key"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function findOutbox(tx: Tx, organizationId: string, id: string): Promise<OutboxRow | null> {
  const row = await tx
    .selectFrom("outbox")
    .selectAll()
    .where("organization_id", "=", organizationId)
    .where("id", "=", id)
    .executeTakeFirst();
  return (row as OutboxRow | undefined) ?? null;
}

/** Notes an attempt. `payload` replaces what was to be sent: a secret in it does not outlive its delivery. */
export async function recordAttempt(
  tx: Tx,
  row: { organization_id: string; id: string; attempts: number },
  outcome: { status: OutboxStatus; error?: string | undefined; payload?: object; at: Date },
): Promise<void> {
  await tx
    .updateTable("outbox")
    .set({
      status: outcome.status,
      attempts: row.attempts + 1,
      last_error: outcome.error ?? null,
      sent_at: outcome.status === "sent" ? outcome.at : null,
      ...(outcome.payload === undefined ? {} : { payload: JSON.stringify(outcome.payload) }),
    })
    .where("organization_id", "=", row.organization_id)
    .where("id", "=", row.id)
    .execute();
}

/** The delivery status of what was written down under each of these keys. */
export async function readDeliveries(
  tx: Tx,
  organizationId: string,
  dedupeKeys: readonly string[],
): Promise<Map<string, OutboxStatus>> {
  if (dedupeKeys.length === 0) {
    return new Map();
  }
  const rows = await tx
    .selectFrom("outbox")
    .select(["dedupe_key", "status"])
    .where("organization_id", "=", organizationId)
    .where("dedupe_key", "in", [...dedupeKeys])
    .execute();
  return new Map(rows.map((row) => [row.dedupe_key, row.status as OutboxStatus]));
}
