import { setTimeout as delay } from "node:timers/promises";
import { DomainError } from "@headroom/domain/errors";
import type { Metrics } from "@headroom/platform/metrics";
import type { Access } from "@headroom/service/access";
import type { ServiceContext } from "@headroom/service/context";
import { type EventView, eventReader, readEvents } from "@headroom/service/events";
import { Histogram } from "prom-client";
import { type Course, deliver } from "./deliveries.ts";
import { createLatch, createTurnstile, type Latch } from "./latches.ts";
import { createRelay } from "./relay.ts";
import { createSlots, type Transport } from "./slots.ts";

export type SubscriptionRequest = {
  access: Access;
  /** The number to go on from; null: from now on. */
  after: number | null;
  /** When the credential ends, in milliseconds since the epoch; null: it does not say. */
  credentialEndsAt: number | null;
  /** Aborted when the subscriber is gone. */
  signal: AbortSignal;
  transport: Transport;
};

export type Subscription = {
  /** The number that it goes on from. */
  from: number;
  /**
   * Every event after `from` that the subscriber may see, once, in order, until it may see none.
   * @throws DomainError organization_not_found, token_expired, unauthenticated; unavailable when this process stops
   */
  events: AsyncGenerator<EventView, void, undefined>;
};

export type LiveEvents = {
  /** @throws DomainError organization_not_found, forbidden, rate_limited, unavailable */
  subscribe(request: SubscriptionRequest): Promise<Subscription>;
  /** Ends every subscription with `unavailable`, and stops listening. */
  close(): Promise<void>;
};

const pageSize = 100;
/** Subscribers must not take all of the pool's connections. */
const readsAtOnce = 4;
/** A member's removal is news. What nothing tells of, such as the end of a platform key, is asked for. */
const patienceMs = { user: 30_000, key: 5_000 };

/** Live events for the subscribers of this process. Made once; listens from the first of them on. */
export function createLiveEvents(service: ServiceContext, metrics: Metrics): LiveEvents {
  const relay = createRelay(service, metrics);
  const slots = createSlots(metrics);
  const turnstile = createTurnstile(readsAtOnce);
  const observe = measureDelivery(metrics);
  const latches = new Set<Latch>();
  let closing = false;

  function planCourse({ access, credentialEndsAt, signal, after }: SubscriptionRequest): Course {
    const reader = eventReader(access);
    const news = createLatch();
    const course: Course = {
      cursor: after ?? 0,
      news,
      signal,
      observe,
      assertOngoing() {
        if (closing) throw stopping();
        if (credentialEndsAt !== null && Date.now() >= credentialEndsAt) throw expired();
      },
      read(from) {
        news.clear();
        return turnstile(() => readEvents(service, reader, { after: from, limit: pageSize }));
      },
      patienceMs: () =>
        Math.min(patienceWith(access), (credentialEndsAt ?? Number.POSITIVE_INFINITY) - Date.now()),
    };
    return course;
  }

  /** Holds what a subscription takes until it is released, which its subscriber's going does as well. */
  function hold({ access, transport, signal }: SubscriptionRequest, course: Course): () => void {
    const giveBack = slots.take(access.actor, transport);
    latches.add(course.news);
    const unwatch = relay.watch(access.organizationId, (head) => {
      if (head === null || head > course.cursor) course.news.set();
    });
    function release(): void {
      signal.removeEventListener("abort", release);
      giveBack();
      unwatch();
      latches.delete(course.news);
      course.news.set();
    }
    if (signal.aborted) release();
    else signal.addEventListener("abort", release);
    return release;
  }

  return {
    async subscribe(request) {
      const course = planCourse(request);
      course.assertOngoing();
      const release = hold(request, course);
      try {
        const first = await course.read(request.after);
        // A number that was never given out would hide what comes until it is reached.
        course.cursor = Math.min(request.after ?? first.lastSeq, first.lastSeq);
        return { from: course.cursor, events: releasing(deliver(first, course), release) };
      } catch (error) {
        release();
        throw error;
      }
    },
    async close() {
      closing = true;
      for (const latch of latches) latch.set();
      for (let waited = 0; !slots.isEmpty() && waited < 1_000; waited += 20) await delay(20);
      await relay.close();
    },
  };
}

async function* releasing<Item>(
  items: AsyncGenerator<Item, void, undefined>,
  release: () => void,
): AsyncGenerator<Item, void, undefined> {
  try {
    yield* items;
  } finally {
    release();
  }
}

/** Jittered, so that the subscribers of one moment do not ask together for ever. */
function patienceWith({ actor }: Access): number {
  return (actor.kind === "user" ? patienceMs.user : patienceMs.key) * (0.75 + Math.random() / 4);
}

/** This process goes away: a subscriber that connects again goes on with another. */
function stopping(): DomainError {
  return new DomainError("unavailable", "This server is stopping. Connect again.", { retryAfterSeconds: 1 });
}

function expired(): DomainError {
  return new DomainError("token_expired", "The token has expired.");
}

function measureDelivery({ registry }: Metrics): (seconds: number) => void {
  const delays = new Histogram({
    name: "headroom_event_delivery_seconds",
    help: "Age of events when a subscriber that is not catching up is given them",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return (seconds) => delays.observe(Math.max(0, seconds));
}
