import { setTimeout as delay } from "node:timers/promises";
import type { EventsPage, EventView } from "@headroom/service/events";
import { toDomainError } from "../errors.ts";
import type { Latch } from "./latches.ts";

/** What a subscription goes by. */
export type Course = {
  /** Up to here everything was given; moved along. */
  cursor: number;
  /** Set when there may be news. */
  news: Latch;
  /** Aborted when the subscriber is gone. */
  signal: AbortSignal;
  /** @throws DomainError when the subscription is over */
  assertOngoing(): void;
  /** A page after a number, by the rights of this moment; null: nothing but the last number. @throws DomainError */
  read(after: number | null): Promise<EventsPage>;
  /** How long to wait for news, in milliseconds, before asking for them. */
  patienceMs(): number;
  /** Told of events that are given as they happen, by their age in seconds. */
  observe(age: number): void;
};

/** A page that is older than this is read again when there is news: the news may be that it must not be told. */
const stalePageMs = 100;

/**
 * Every event after the cursor, once and in order, beginning with a page that was just read. The next page is read when
 * the last one was taken, so a slow subscriber costs one page of memory.
 */
export async function* deliver(
  first: EventsPage,
  course: Course,
): AsyncGenerator<EventView, void, undefined> {
  for (let page: EventsPage | null = first; !course.signal.aborted; page = null) {
    page ??= await readPatiently(course);
    const complete = yield* deliverPage(page, course);
    if (!complete) continue;
    course.cursor = page.lastSeq;
    course.assertOngoing();
    if (!page.hasMore) await course.news.wait(course.patienceMs());
    course.assertOngoing();
  }
}

/** False when the page was left for a fresher one. */
async function* deliverPage(page: EventsPage, course: Course): AsyncGenerator<EventView, boolean, undefined> {
  const readAt = performance.now();
  for (const { age, ...event } of page.events) {
    course.assertOngoing();
    if (!page.hasMore) course.observe(age);
    yield event;
    course.cursor = event.seq;
    if (course.signal.aborted) return false;
    // At least one event of each page is given, so that steady news cannot hold it up for ever.
    if (course.news.isSet && performance.now() - readAt > stalePageMs) return false;
  }
  return true;
}

/**
 * Tries again for as long as the database cannot be asked: nothing is lost meanwhile, and nobody is told anything.
 * Other errors end the subscription.
 */
async function readPatiently({ cursor, read, signal, assertOngoing }: Course): Promise<EventsPage> {
  for (;;) {
    try {
      return await read(cursor);
    } catch (error) {
      if (signal.aborted || toDomainError(error).kind !== "unavailable") throw error;
    }
    await delay(500 + Math.random() * 1_000, undefined, { signal });
    assertOngoing();
  }
}
