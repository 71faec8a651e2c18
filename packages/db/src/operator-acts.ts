import { sql } from "kysely";
import type { ActorRecord } from "./changes.ts";
import type { Tx } from "./tenancy.ts";

/** Appends to the trail of what belongs to no organization, in the transaction that does it. */
export async function recordOperatorAct(
  tx: Tx,
  act: {
    actor: ActorRecord;
    requestId: string | null;
    action: string;
    target: string | null;
    data: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await sql`select record_operator_act(${act.actor.kind}, ${act.actor.id}, ${act.requestId}, ${act.action},
    ${act.target}, ${JSON.stringify(act.data)}::jsonb)`.execute(tx);
}

export interface OperatorActRow {
  seq: number;
  at: Date;
  actor_kind: string;
  actor_id: string | null;
  action: string;
  target: string | null;
  data: unknown;
}

/** The newest acts, the newest first. As hr_worker. */
export async function listOperatorActs(tx: Tx, limit: number): Promise<OperatorActRow[]> {
  return tx
    .selectFrom("operator_entry")
    .select(["seq", "at", "actor_kind", "actor_id", "action", "target", "data"])
    .orderBy("seq", "desc")
    .limit(limit)
    .execute();
}
