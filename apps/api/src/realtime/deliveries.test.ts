import { setTimeout as delay } from "node:timers/promises";
import { DomainError } from "@headroom/domain/errors";
import type { EventsPage } from "@headroom/service/events";
import { describe, expect, test } from "vitest";
import { type Course, deliver } from "./deliveries.ts";
import { createLatch, createTurnstile } from "./latches.ts";

const event = (seq: number) =>
  ({ seq, id: "evt_", name: "max_overage.changed", payload: {}, at: "", age: 0 }) as const;

/** A course over `last` numbered events, two a page, that notes what is read. */
function courseOver(last: number, more: Partial<Course> = {}) {
  const reads: (number | null)[] = [];
  const leaving = new AbortController();
  const course: Course = {
    cursor: 0,
    news: createLatch(),
    signal: leaving.signal,
    assertOngoing: () => undefined,
    async read(after) {
      reads.push(after);
      course.news.clear();
      return pageAfter(after ?? last, last);
    },
    patienceMs: () => 60_000,
    observe: () => undefined,
    ...more,
  };
  return { course, reads, leave: () => leaving.abort() };
}

function pageAfter(after: number, last: number): EventsPage {
  const events = [after + 1, after + 2].filter((seq) => seq <= last).map(event);
  const hasMore = after + 2 < last;
  return { events, lastSeq: hasMore ? after + 2 : last, hasMore };
}

describe("deliver", () => {
  test("reads a page when the one before was taken, and no earlier", async () => {
    const { course, reads } = courseOver(7);
    const events = deliver(pageAfter(0, 7), course);
    const seqs: number[] = [];
    for (let taken = 0; taken < 5; taken += 1) {
      const { value } = await events.next();
      seqs.push(value?.seq ?? 0);
    }
    await delay(20);
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
    expect(reads).toEqual([2, 4]);
  });

  test("leaves a page that went stale under a slow subscriber", async () => {
    const { course, reads } = courseOver(4, {});
    const events = deliver(pageAfter(0, 4), course);
    await events.next();
    course.news.set();
    await delay(120);
    expect((await events.next()).value?.seq).toBe(2);
    expect(reads).toEqual([1]);
  });

  test("goes on under steady news", async () => {
    const { course, reads } = courseOver(6);
    const read = course.read;
    course.read = async (after) => {
      const page = await read(after);
      course.news.set();
      return page;
    };
    const seqs: number[] = [];
    for await (const { seq } of deliver(pageAfter(0, 6), course)) {
      seqs.push(seq);
      await delay(110);
      if (seq === 6) break;
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6]);
    expect(reads.length).toBeGreaterThan(1);
  });

  test("waits out a database that cannot be asked, and ends on everything else", async () => {
    const failures: Error[] = [
      Object.assign(new Error("no"), { code: "ECONNREFUSED" }),
      new DomainError("organization_not_found", "Gone."),
    ];
    const { course } = courseOver(0, { patienceMs: () => 0 });
    course.read = async () => {
      throw failures.shift() ?? new Error("asked too often");
    };
    await expect(deliver(pageAfter(0, 0), course).next()).rejects.toMatchObject({
      code: "organization_not_found",
    });
    expect(failures).toEqual([]);
  });

  test("ends without a word when the subscriber has gone", async () => {
    const { course, leave } = courseOver(0);
    const next = deliver(pageAfter(0, 0), course).next();
    leave();
    course.news.set();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test("gives nothing once the subscription is over", async () => {
    let over = false;
    const { course } = courseOver(2, {
      assertOngoing() {
        if (over) throw new DomainError("token_expired", "Over.");
      },
    });
    const events = deliver(pageAfter(0, 2), course);
    expect((await events.next()).value?.seq).toBe(1);
    over = true;
    await expect(events.next()).rejects.toMatchObject({ code: "token_expired" });
  });
});

test("a latch that is set before anybody waits is not missed", async () => {
  const latch = createLatch();
  latch.set();
  await latch.wait(60_000);
  latch.clear();
  const started = performance.now();
  await latch.wait(20);
  expect(performance.now() - started).toBeGreaterThan(15);
});

test("a turnstile lets so many pass at a time, and all in the end", async () => {
  const pass = createTurnstile(2);
  let inside = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 9 }, (_, index) =>
      pass(async () => {
        most = Math.max(most, ++inside);
        await delay(2);
        inside -= 1;
        if (index % 3 === 0) throw new Error("no");
        return index;
      }),
    ),
  );
  expect([most, inside]).toEqual([2, 0]);
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(3);
});
