import type { Books } from "./books.ts";
import type { Database } from "./database.ts";
import { reschedule } from "./dues.ts";
import type { Store } from "./store.ts";
import type { MeterEvent } from "./wire.ts";

/** A meter event as it is kept; times are seconds of the sandbox's clock. */
export interface MeterEventRow {
  seq: number;
  identifier: string;
  event_name: string;
  /** JSON. */
  payload: string;
  timestamp: number;
  received: number;
  /** `waiting` for its turn, `counted`, `failed` or `cancelled`. */
  state: string;
}

/** How long an accepted event waits before it counts, and whether all wait until told otherwise. */
export interface MeterProcessing {
  delaySeconds: number;
  held: boolean;
}

const setting = "meter_processing";
/** What the turn of waiting events is called among the dues: it belongs to no object. */
const turn = "meter_events";

export function processingOf(store: Store): MeterProcessing {
  const kept = store.setting(setting);
  return kept === null ? { delaySeconds: 1, held: false } : (JSON.parse(kept) as MeterProcessing);
}

export function setProcessing(books: Books, processing: MeterProcessing): void {
  books.store.putSetting(setting, JSON.stringify(processing));
  planCounting(books);
}

/** Keeps an accepted event for its turn. */
export function keepMeterEvent(books: Books, event: MeterEvent): void {
  books.database.run(
    "insert into meter_event (identifier, event_name, payload, timestamp, received) values (?, ?, ?, ?, ?)",
    event.identifier,
    event.event_name,
    JSON.stringify(event.payload),
    event.timestamp,
    books.now,
  );
  planCounting(books);
}

/** The latest event with this identifier that was received at `since` or later. */
export function eventNamed(database: Database, identifier: string, since: number): MeterEventRow | null {
  return database.one<MeterEventRow>(
    "select * from meter_event where identifier = ? and received >= ? order by seq desc limit 1",
    identifier,
    since,
  );
}

/** The events whose turn has come, oldest first; none while they are held. */
export function takeReady(books: Books): MeterEventRow[] {
  const { delaySeconds, held } = processingOf(books.store);
  if (held) return [];
  return books.database.all<MeterEventRow>(
    "select * from meter_event where state = 'waiting' and received <= ? order by seq",
    books.now - delaySeconds,
  );
}

/** Notes when the next waiting event has its turn. */
export function planCounting(books: Books): void {
  const { delaySeconds, held } = processingOf(books.store);
  const first = books.database.one<{ at: number | null }>(
    "select min(received) as at from meter_event where state = 'waiting'",
  )?.at;
  const waits = !held && first !== null && first !== undefined;
  reschedule(books.database, turn, waits ? [["count_usage", first + delaySeconds]] : []);
}
