import type { Database } from "./database.ts";
import { type DeliveryProgram, planDelivery, roundedUp } from "./delivery-program.ts";

/** A delivery as it is queued. */
interface Row {
  copy: number;
  state: "pending" | "failed";
  clock: "real" | "virtual";
  at: number;
  lastResult: string | null;
  program: number | null;
  position: number | null;
  orderKey: number | null;
  plan: object | null;
}

/** What is sent at once. */
export function plainRow(): Row {
  const none = { lastResult: null, program: null, position: null, orderKey: null, plan: null };
  return { copy: 0, state: "pending", clock: "real", at: Date.now(), ...none };
}

/** The rows of a planned delivery, one for each copy; a dropped one has failed before it was tried. */
export function plannedRows(program: DeliveryProgram, position: number, now: number): Row[] {
  const { drop, copies } = planDelivery(program, position);
  const row = { state: "pending", clock: "virtual", program: program.id, position } as const;
  if (drop) {
    const dropped = { state: "failed", lastResult: "dropped", orderKey: null, plan: { drop: true } } as const;
    return [{ ...row, ...dropped, copy: 0, at: now }];
  }
  const waits = (ms: number): number => (ms === 0 ? now : roundedUp(now + ms, program.roundTo));
  return copies.map(({ delay, behind }, copy) => ({
    ...row,
    copy,
    at: waits(delay + (behind > 0 ? (program.reorder?.within ?? 0) : 0)),
    lastResult: null,
    orderKey: delay > 0 ? null : position + behind,
    plan: { delay, behind },
  }));
}

/** Writes a row, or begins anew with one that was there. */
export function enqueue(database: Database, eventId: string, endpointId: string, row: Row): void {
  database.run(
    `insert into delivery (event_id, endpoint_id, copy, state, attempts, clock, first_at, next_at, last_result,
       program, position, order_key, plan)
     values (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (event_id, endpoint_id, copy) do update
     set state = excluded.state, attempts = 0, clock = excluded.clock, first_at = excluded.first_at,
       next_at = excluded.next_at, program = excluded.program, position = excluded.position,
       order_key = excluded.order_key, plan = excluded.plan`,
    eventId,
    endpointId,
    row.copy,
    row.state,
    row.clock,
    row.at,
    row.at,
    row.lastResult,
    row.program,
    row.position,
    row.orderKey,
    row.plan && JSON.stringify(row.plan),
  );
}
