import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Database } from "./client.ts";

export interface Listener {
  close(): Promise<void>;
}

export interface ListenerOptions {
  /** The organization, a raw id, that has new events. */
  onEvents(organizationId: string): void;
  /** Heard again, after whatever may have been missed until now. Also the first time. */
  onListening(): void;
  /** Deaf, until `onListening` says otherwise. */
  onLost(error: Error): void;
}

/** As `append_events` names it. */
const channel = "headroom_event";

const firstPauseMs = 100;
const longestPauseMs = 5_000;
const probeEveryMs = 10_000;

/**
 * Hears of new events on a session of its own, never one of the pool's, and connects again with growing pauses for as
 * long as it is not closed. A connection that is only half dead is found by asking it something every 10 s.
 */
export function listenForEvents(database: Database, options: ListenerOptions): Listener {
  const closing = new AbortController();
  const running = run(database, options, closing.signal);
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}

async function run(database: Database, options: ListenerOptions, closing: AbortSignal): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    closing.addEventListener("abort", () => resolve(), { once: true });
  });
  let pause = firstPauseMs;
  while (!closing.aborted) {
    const session = await openSession(database, options);
    if (session !== null) {
      pause = firstPauseMs;
      options.onListening();
      await Promise.race([session.lost, closed]);
      await session.close();
    }
    await delay(pause * (0.5 + Math.random()), undefined, { signal: closing }).catch(() => undefined);
    pause = Math.min(pause * 2, longestPauseMs);
  }
}

/** A session that listens, and resolves `lost` when it does so no more; null when there is none to be had. */
async function openSession(database: Database, { onEvents, onLost }: ListenerOptions) {
  const client = new pg.Client({ ...database.pool.options, application_name: "headroom events" });
  const lost = Promise.withResolvers<void>();
  let over = false;
  const lose = (error: Error) => {
    if (!over) onLost(error);
    over = true;
    lost.resolve();
  };
  client.on("error", lose);
  client.on("end", () => lose(new Error("the connection has ended")));
  client.on("notification", ({ payload = "" }) => onEvents(payload));
  const probe = setInterval(() => {
    client.query("select 1").catch(lose);
  }, probeEveryMs);
  const close = async () => {
    over = true;
    clearInterval(probe);
    // One that is half dead does not even end.
    await Promise.race([client.end().catch(() => undefined), delay(1_000, undefined, { ref: false })]);
  };
  try {
    await client.connect();
    await client.query(`listen ${channel}`);
    return { lost: lost.promise, close };
  } catch (error) {
    lose(error as Error);
    await close();
    return null;
  }
}
