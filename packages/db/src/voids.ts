import type { GateReading } from "@headroom/domain/usage";
import type { Database } from "./client.ts";
import { inTurn } from "./gate-turns.ts";
import { retryConflicts } from "./retry.ts";
import { type ReadingColumns, toReading } from "./usage-readings.ts";
import type { UsageRefusal } from "./usage-requests.ts";

/** An event by its id (a raw UUID), or by its meter (null: the default one) and key. */
export type EventReference =
  | { eventId: string }
  | {
      meter: string | null;
      key: string;
      /** The first day that the key can have been received on; null: unknown. */
      bornOn: string | null;
    };

/** A void on its way to the gate. Ids are raw UUIDs. */
export interface VoidRequest {
  /** SHA-256 of the API key. */
  credential: Buffer;
  /** null: the organization of the key. */
  organizationId: string | null;
  event: EventReference;
  /** The id that the voiding row gets. */
  id: string;
  requestId: string | null;
}

export type VoidOutcome =
  | { outcome: UsageRefusal | "not_found" | "is_void" }
  | {
      outcome: "done" | "duplicate";
      /** The row that voids. */
      eventId: string;
      voidedId: string;
      meter: string;
      /** Units that were given back. */
      quantity: number;
      gate: GateReading;
    };

interface AnswerRow extends ReadingColumns {
  outcome: string;
  event_id: string;
  voided_id: string;
  meter: string;
  quantity: number;
}

/** Takes an event back, with the audit entry that says so, in one round trip. */
export async function voidEvent(database: Database, request: VoidRequest): Promise<VoidOutcome> {
  const { credential, organizationId, event, id, requestId } = request;
  const named = { eventId: null, meter: null, key: null, bornOn: null, ...event };
  const query = {
    name: "usage_void",
    text: "select * from usage_void($1, $2, $3, $4, $5, $6, $7, $8)",
    values: [credential, organizationId, named.eventId, named.meter, named.key, named.bornOn, id, requestId],
  };
  const { rows } = await inTurn(database, request, () =>
    retryConflicts(() => database.pool.query<AnswerRow>(query)),
  );
  const row = rows[0] as AnswerRow;
  if (row.outcome !== "done" && row.outcome !== "duplicate") {
    return { outcome: row.outcome as UsageRefusal | "not_found" | "is_void" };
  }
  return {
    outcome: row.outcome,
    eventId: row.event_id,
    voidedId: row.voided_id,
    meter: row.meter,
    quantity: row.quantity,
    gate: toReading(row),
  };
}
