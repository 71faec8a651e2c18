import { listOperatorActs, recordOperatorAct as writeAct } from "@headroom/db/operator-acts";
import { type Tx, withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { currentRequestId } from "@headroom/platform/request-ids";
import { type SystemActor, toActorRecord } from "./changes.ts";
import type { ServiceContext } from "./context.ts";

/** An act that belongs to no organization: platform keys, the plan catalogue, grants. */
export interface OperatorAct {
  /** `noun.verbed`. */
  action: string;
  /** Prefixed id, or a name; null when it is about the whole. */
  target: string | null;
  /** No text about people. */
  data?: Readonly<Record<string, unknown>>;
}

/** Who acts where nobody says who they are. */
export const unnamedOperator: Actor = { kind: "operator", name: "cli" };

/** Appends to the operators' trail, chained by hash as an organization's is. In the transaction that does the act. */
export async function recordOperatorAct(
  tx: Tx,
  actor: Actor | SystemActor,
  { action, target, data = {} }: OperatorAct,
): Promise<void> {
  await writeAct(tx, { actor: toActorRecord(actor), requestId: currentRequestId(), action, target, data });
}

export interface OperatorActView {
  seq: number;
  at: string;
  /** An operator's name, or the kind of caller and its id. */
  actor: string;
  action: string;
  target: string | null;
  data: unknown;
}

/** The newest acts of operators, the newest first. @param context `db` as hr_worker */
export async function listActs(
  context: Pick<ServiceContext, "db">,
  input: { limit: number },
): Promise<OperatorActView[]> {
  const rows = await withSystem(context.db, (tx) => listOperatorActs(tx, input.limit));
  return rows.map(({ seq, at, actor_kind: kind, actor_id: id, action, target, data }) => ({
    seq,
    at: at.toISOString(),
    actor: kind === "operator" ? (id ?? kind) : `${kind} ${id}`,
    action,
    target,
    data,
  }));
}
