import type { Cause } from "./cause.ts";
import type { Database } from "./database.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";
import { duesOf, reschedule } from "./dues.ts";
import { missing } from "./failures.ts";
import { newId } from "./ids.ts";
import { previousAttributes } from "./previous-attributes.ts";
import type { Detail, Store } from "./store.ts";
import { keepThin, type ThinNote, twinOf } from "./thin-events.ts";
import { apiVersion } from "./version.ts";
import { rendered } from "./views.ts";
import type { EventType, Kind, ObjectOf } from "./wire.ts";

interface Noted {
  type: EventType;
  object: object;
  previous?: Record<string, unknown> | undefined;
}

/**
 * One transaction's view of the sandbox: a fixed instant, the objects, and the events noted so far.
 * Events are written when the work is done (`flush`), in the order in which they were noted.
 */
export interface Books {
  readonly database: Database;
  readonly store: Store;
  readonly queue: DeliveryQueue;
  /** Seconds. */
  readonly now: number;
  readonly cause: Cause;
  /** Base URL of this server, for the pages it links to. */
  readonly base: string;
  readonly noted: Noted[];
  /** Thin events that have no snapshot event beside them. */
  readonly thin: ThinNote[];
}

export type BooksOptions = Omit<Books, "noted" | "thin">;

export function openBooks(options: BooksOptions): Books {
  return { ...options, noted: [], thin: [] };
}

/** Writes an object and its schedule. */
export function save<K extends Kind>(
  books: Books,
  kind: K,
  object: ObjectOf[K],
  detail?: Detail,
): ObjectOf[K] {
  books.store.put(kind, object);
  if (detail) books.store.putDetail(object.id, detail);
  reschedule(books.database, object.id, duesOf(kind, object, books.now));
  return object;
}

/** Saves a new object and notes its event. */
export function create<K extends Kind>(
  books: Books,
  kind: K,
  object: ObjectOf[K],
  type: EventType,
  detail?: Detail,
): ObjectOf[K] {
  save(books, kind, object, detail);
  note(books, type, object);
  return object;
}

/** Saves a changed object and, when anything visible changed, notes the event with what it was before. */
export function change<K extends Kind>(
  books: Books,
  kind: K,
  before: ObjectOf[K],
  after: ObjectOf[K],
  type: EventType,
): ObjectOf[K] {
  const previous = previousAttributes(rendered(books, before), rendered(books, after));
  if (Object.keys(previous).length === 0) return before;
  save(books, kind, after);
  note(books, type, after, previous);
  return after;
}

/** Notes an event with a snapshot of the object as it is now. */
export function note(
  books: Books,
  type: EventType,
  object: object,
  previous?: Record<string, unknown>,
): void {
  books.noted.push({ type, object: structuredClone(rendered(books, object)), previous });
}

/** Runs `work` and moves the events it noted in front of those noted since `mark`. */
export function inFront<T>(books: Books, mark: number, work: () => T): T {
  const before = books.noted.length;
  const result = work();
  const moved = books.noted.splice(before);
  books.noted.splice(mark, 0, ...moved);
  return result;
}

/** The object, or Stripe's `resource_missing` naming the parameter that asked for it. */
export function get<K extends Kind>(books: Books, kind: K, id: string, param?: string): ObjectOf[K] {
  const found = books.store.find(kind, id);
  if (!found) throw missing(kind.replace("_", " "), id, param);
  return found;
}

/** Writes the noted events and queues their deliveries; part of the same transaction as what caused them. */
export function flush(books: Books): void {
  for (const { type, object, previous } of books.noted.splice(0)) {
    const id = newId("evt");
    books.store.put("event", {
      id,
      object: "event",
      api_version: apiVersion,
      created: books.now,
      data: { object, ...(previous ? { previous_attributes: previous } : {}) },
      livemode: false,
      pending_webhooks: 0,
      request: { ...books.cause },
      type,
    });
    books.queue.add(id, type);
    const twin = twinOf(type, object);
    if (twin) keepThin(books, { ...twin, snapshot: id });
  }
  for (const thin of books.thin.splice(0)) keepThin(books, thin);
}
