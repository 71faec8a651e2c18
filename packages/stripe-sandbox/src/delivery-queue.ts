import type { Database } from "./database.ts";
import { type Recipient, recipientsOf } from "./recipients.ts";
import type { Store } from "./store.ts";

/** One event on its way to one endpoint. */
export interface Delivery {
  seq: number;
  eventId: string;
  endpointId: string;
  attempts: number;
  /** Milliseconds, real time. */
  firstAt: number;
}

/** How far an event is on its way to one endpoint. */
export interface DeliveryState {
  endpointId: string;
  state: "pending" | "delivered" | "failed";
  attempts: number;
  /** The last status as text, or what went wrong; null before the first attempt. */
  lastResult: string | null;
}

/** The durable side of webhook delivery. Times are real milliseconds: retries do not follow the virtual clock. */
export interface DeliveryQueue {
  /** Queues an event for every enabled endpoint that listens to its type; again for those already done. */
  add(eventId: string, type: string): void;
  /** Queues an event for one recipient, whatever it listens to. */
  addFor(eventId: string, endpointId: string): void;
  /** Deliveries due at `now`, oldest event first. */
  due(now: number, limit: number): Delivery[];
  nextAt(): number | null;
  delivered(delivery: Delivery, result: string): void;
  retry(delivery: Delivery, at: number, result: string): void;
  failed(delivery: Delivery, result: string): void;
  /** Gives up what is still pending for an endpoint that is gone. */
  abandon(endpointId: string): void;
  /** The enabled endpoints and event destinations that listen to a type. */
  endpointsFor(type: string): Recipient[];
  deliveriesOf(eventId: string): DeliveryState[];
  /** Notes an attempt that was made out of turn. One that arrived is delivered; one that did not changes no plan. */
  tried(eventId: string, endpointId: string, result: string): void;
  pendingOf(eventId: string): number;
  /** Undelivered ones that were tried fewer than `attempts` times. */
  unsettled(attempts: number): number;
}

export function createQueue(database: Database, store: Store): DeliveryQueue {
  const finish = (delivery: Delivery, state: string, at: number, result: string): void => {
    database.run(
      "update delivery set state = ?, attempts = attempts + 1, next_at = ?, last_result = ? where seq = ?",
      state,
      at,
      result,
      delivery.seq,
    );
  };
  const count = (sql: string, value: string | number): number =>
    database.one<{ n: number }>(sql, value)?.n ?? 0;
  return {
    add: (eventId, type) => {
      for (const endpoint of recipientsOf(store, type)) enqueue(database, eventId, endpoint.id);
    },
    addFor: (eventId, endpointId) => enqueue(database, eventId, endpointId),
    due: (now, limit) =>
      database.all<Delivery>(
        `select seq, event_id as "eventId", endpoint_id as "endpointId", attempts, first_at as "firstAt"
         from delivery where state = 'pending' and next_at <= ? order by seq limit ?`,
        now,
        limit,
      ),
    nextAt: () =>
      database.one<{ at: number | null }>("select min(next_at) as at from delivery where state = 'pending'")
        ?.at ?? null,
    delivered: (delivery, result) => finish(delivery, "delivered", 0, result),
    retry: (delivery, at, result) => finish(delivery, "pending", at, result),
    failed: (delivery, result) => finish(delivery, "failed", 0, result),
    abandon: (id) => {
      database.run("delete from delivery where endpoint_id = ? and state <> 'delivered'", id);
    },
    endpointsFor: (type) => recipientsOf(store, type),
    deliveriesOf: (id) =>
      database.all<DeliveryState>(
        `select endpoint_id as "endpointId", state, attempts, last_result as "lastResult"
         from delivery where event_id = ? order by seq`,
        id,
      ),
    tried: (id, endpointId, result) => {
      database.run(
        `update delivery set attempts = attempts + 1, last_result = ?1,
         state = case when ?1 glob '2[0-9][0-9]' then 'delivered' else state end
         where event_id = ?2 and endpoint_id = ?3`,
        result,
        id,
        endpointId,
      );
    },
    pendingOf: (id) =>
      count("select count(*) n from delivery where event_id = ? and state <> 'delivered'", id),
    unsettled: (attempts) =>
      count("select count(*) n from delivery where state = 'pending' and attempts < ?", attempts),
  };
}

function enqueue(database: Database, eventId: string, endpointId: string): void {
  const now = Date.now();
  database.run(
    `insert into delivery (event_id, endpoint_id, state, attempts, first_at, next_at) values (?, ?, 'pending', 0, ?, ?)
     on conflict (event_id, endpoint_id) do update
     set state = 'pending', attempts = 0, first_at = excluded.first_at, next_at = excluded.next_at`,
    eventId,
    endpointId,
    now,
    now,
  );
}
