import type { Database } from "./database.ts";
import { concerns } from "./delivery-program.ts";
import type { Programs } from "./delivery-programs.ts";
import { enqueue, plainRow, plannedRows } from "./delivery-rows.ts";
import { type Recipient, recipientsOf } from "./recipients.ts";
import type { Store } from "./store.ts";

/** One event on its way to one endpoint. */
export interface Delivery {
  seq: number;
  eventId: string;
  endpointId: string;
  /** 0; 1, 2, … for what a program sends more often. A copy is tried once, and does not count for the event. */
  copy: number;
  attempts: number;
  /** Milliseconds, by the clock that its repeats follow. */
  firstAt: number;
  /** The program that planned it and its place there; null without one. */
  program: number | null;
  position: number | null;
}

/** How far an event is on its way to one endpoint. */
export interface DeliveryState {
  endpointId: string;
  state: "pending" | "delivered" | "failed";
  attempts: number;
  /** The last status as text, or what went wrong; null before the first attempt. */
  lastResult: string | null;
}

/** What came of an attempt, and what had been done to it. */
export interface Tried {
  result: string;
  spoiled: string[];
}

/** When something is tried again: milliseconds by real time or by the sandbox's own clock. */
export interface NextTry {
  clock: "real" | "virtual";
  firstAt: number;
  at: number;
}

/**
 * The durable side of webhook delivery. Repeats follow real time. What a program holds back or tries again by virtual
 * time follows the sandbox's clock, and what it puts behind later ones is due when those are queued, too.
 */
export interface DeliveryQueue {
  /** Queues an event for every enabled endpoint that listens to its type; again for those already done. */
  add(eventId: string, type: string): void;
  /** Queues an event for one recipient, whatever it listens to. */
  addFor(eventId: string, endpointId: string): void;
  /** Deliveries due now: oldest event first, those of a program in its order. */
  due(limit: number): Delivery[];
  /** When the next one is due by real time. */
  nextAt(): number | null;
  /** When the next one is due by the sandbox's clock; those that are due already for their order are not meant. */
  nextVirtualAt(): number | null;
  delivered(delivery: Delivery, tried: Tried): void;
  retry(delivery: Delivery, next: NextTry, tried: Tried): void;
  failed(delivery: Delivery, tried: Tried): void;
  /** Gives up what is still pending for an endpoint that is gone. */
  abandon(endpointId: string): void;
  /** Makes all that waits for the sandbox's clock due now, or gives it up as dropped. Answers how many they were. */
  release(held: "release" | "drop"): number;
  /** How many wait for the sandbox's clock. */
  waiting(): number;
  /** The enabled endpoints and event destinations that listen to a type. */
  endpointsFor(type: string): Recipient[];
  deliveriesOf(eventId: string): DeliveryState[];
  /** Notes an attempt that was made out of turn. One that arrived is delivered; one that did not changes no plan. */
  tried(eventId: string, endpointId: string, result: string): void;
  pendingOf(eventId: string): number;
  /** Undelivered ones that are due by the sandbox's clock, or by real time and were tried fewer than `attempts` times. */
  unsettled(attempts: number): number;
}

const columns = `seq, event_id as "eventId", endpoint_id as "endpointId", copy, attempts, first_at as "firstAt",
  program, position`;
const real = "from delivery indexed by delivery_place where state = 'pending' and clock = 'real'";
const virtual = "from delivery indexed by delivery_turn where state = 'pending' and clock = 'virtual'";
const attemptsKept = 10_000;

export function createQueue(
  database: Database,
  store: Store,
  programs: Programs,
  now: () => number,
): DeliveryQueue {
  const count = (sql: string, ...values: Array<string | number>): number =>
    database.one<{ n: number }>(sql, ...values)?.n ?? 0;
  const note = (seq: number, { result, spoiled }: Tried): void => {
    database.run(
      `insert into attempt (delivery, number, at, result, spoiled)
       select seq, attempts, ?, ?, ? from delivery where seq = ?`,
      Math.floor(now()),
      result,
      JSON.stringify(spoiled),
      seq,
    );
    database.run("delete from attempt where seq <= (select max(seq) from attempt) - ?", attemptsKept);
  };
  const finish = (delivery: Delivery, state: string, next: NextTry, tried: Tried): void =>
    database.transaction(() => {
      database.run(
        `update delivery set state = ?, attempts = attempts + 1, clock = ?, first_at = ?, next_at = ?,
         order_key = null, last_result = ? where seq = ?`,
        state,
        next.clock,
        next.firstAt,
        next.at,
        tried.result,
        delivery.seq,
      );
      note(delivery.seq, tried);
    });
  const ended = ({ firstAt }: Delivery): NextTry => ({ clock: "real", firstAt, at: 0 });
  const first = (rows: string, ...values: number[]): number | null =>
    database.one<{ at: number | null }>(`select min(next_at) as at ${rows}`, ...values)?.at ?? null;
  // Apart, so that each is found in an index however many wait: a year of many customers has thousands at once.
  const ready = (): Array<[rows: string, order: string, values: number[]]> => {
    const [position, at] = [programs.position(), Math.floor(now())];
    return [
      [`${virtual} and order_key is null and next_at <= ?`, "next_at, ", [at]],
      [`${virtual} and order_key <= ?`, "order_key, ", [position]],
      [`${virtual} and order_key > ? and next_at <= ?`, "order_key, ", [position, at]],
    ];
  };
  return {
    add: (eventId, type) => {
      const program = programs.current();
      for (const endpoint of recipientsOf(store, type)) {
        database.run(
          "delete from delivery where event_id = ? and endpoint_id = ? and copy > 0",
          eventId,
          endpoint.id,
        );
        const planned = program !== null && concerns(program, endpoint, type);
        const rows = planned ? plannedRows(program, programs.next(), Math.floor(now())) : [plainRow()];
        for (const row of rows) enqueue(database, eventId, endpoint.id, row);
      }
    },
    addFor: (eventId, endpointId) => enqueue(database, eventId, endpointId, plainRow()),
    due: (limit) => {
      const found: Delivery[] = [];
      const take = (rows: string, order: string, ...values: number[]): void => {
        const sql = `select ${columns} ${rows} order by ${order}position, copy, seq limit ?`;
        if (found.length < limit) found.push(...database.all<Delivery>(sql, ...values, limit - found.length));
      };
      take(`${real} and next_at <= ?`, "", Date.now());
      for (const [rows, order, values] of ready()) take(rows, order, ...values);
      return found;
    },
    nextAt: () => first("from delivery where state = 'pending' and clock = 'real'"),
    nextVirtualAt: () => {
      const timed = first(`${virtual} and order_key is null`);
      const behind = first(`${virtual} and order_key > ?`, programs.position());
      return timed === null || behind === null ? (timed ?? behind) : Math.min(timed, behind);
    },
    delivered: (delivery, tried) => finish(delivery, "delivered", ended(delivery), tried),
    retry: (delivery, next, tried) => finish(delivery, "pending", next, tried),
    failed: (delivery, tried) => finish(delivery, "failed", ended(delivery), tried),
    abandon: (id) => {
      database.run("delete from delivery where endpoint_id = ? and state <> 'delivered'", id);
    },
    release: (held) => {
      const set =
        held === "release"
          ? "clock = 'real', first_at = ?1, next_at = ?1, order_key = null"
          : "state = 'failed', clock = 'real', first_at = ?1, next_at = 0, order_key = null, last_result = 'dropped'";
      return database.run(
        `update delivery set ${set} where state = 'pending' and clock = 'virtual'`,
        Date.now(),
      );
    },
    waiting: () => count("select count(*) n from delivery where state = 'pending' and clock = 'virtual'"),
    endpointsFor: (type) => recipientsOf(store, type),
    deliveriesOf: (id) =>
      database.all<DeliveryState>(
        `select endpoint_id as "endpointId", state, attempts, last_result as "lastResult"
         from delivery where event_id = ? and copy = 0 order by seq`,
        id,
      ),
    tried: (id, endpointId, result) =>
      database.transaction(() => {
        const [found] = database.all<{ seq: number }>(
          `update delivery set attempts = attempts + 1, last_result = ?1,
           state = case when ?1 glob '2[0-9][0-9]' then 'delivered' else state end
           where event_id = ?2 and endpoint_id = ?3 and copy = 0 returning seq`,
          result,
          id,
          endpointId,
        );
        if (found) note(found.seq, { result, spoiled: [] });
      }),
    pendingOf: (id) =>
      count("select count(*) n from delivery where event_id = ? and copy = 0 and state <> 'delivered'", id),
    unsettled: (attempts) =>
      ready().reduce(
        (sum, [rows, , values]) => sum + count(`select count(*) n ${rows}`, ...values),
        count(`select count(*) n ${real} and attempts < ?`, attempts),
      ),
  };
}
