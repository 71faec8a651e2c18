import { type Listener, listenForEvents } from "@headroom/db/listener";
import type { Metrics } from "@headroom/platform/metrics";
import type { ServiceContext } from "@headroom/service/context";
import { readLastSeqs } from "@headroom/service/events";
import { Counter, Gauge } from "prom-client";

/** Told that an organization may have news; `head` is its last number where that is known. */
export type Wake = (head: number | null) => void;

export type Relay = {
  /** Wakes `wake` whenever the organization may have news, until the answer is called. */
  watch(organizationId: string, wake: Wake): () => void;
  close(): Promise<void>;
};

const sweepEveryMs = 3_000;

/**
 * What wakes the subscribers of this process: one database session that listens, opened for the first of them. It
 * carries no events, so a notification that is lost costs time and nothing else: after every new connection all are
 * woken, and every 3 s the last numbers of all watched organizations are compared.
 */
export function createRelay({ db, log }: Pick<ServiceContext, "db" | "log">, metrics: Metrics): Relay {
  const watched = new Map<string, Set<Wake>>();
  const measure = measureRelay(metrics);
  let listener: Listener | null = null;
  let sweeping = false;

  const wakeAll = (organizationId: string, head: number | null) => {
    for (const wake of watched.get(organizationId) ?? []) wake(head);
  };

  async function sweep(): Promise<void> {
    if (sweeping || watched.size === 0) return;
    sweeping = true;
    try {
      for (const [organizationId, head] of await readLastSeqs({ db }, [...watched.keys()]))
        wakeAll(organizationId, head);
    } catch (error) {
      log.warn({ err: error }, "last event numbers not read");
    } finally {
      sweeping = false;
    }
  }

  const timer = setInterval(() => void sweep(), sweepEveryMs);
  timer.unref();

  function listen(): Listener {
    return listenForEvents(db, {
      onEvents: (organizationId) => wakeAll(organizationId, null),
      onListening() {
        measure.listening();
        for (const organizationId of watched.keys()) wakeAll(organizationId, null);
      },
      onLost(error) {
        measure.lost();
        log.warn({ err: error }, "events not listened to for now");
      },
    });
  }

  return {
    watch(organizationId, wake) {
      listener ??= listen();
      const wakes = watched.get(organizationId) ?? new Set();
      watched.set(organizationId, wakes.add(wake));
      return () => {
        wakes.delete(wake);
        if (wakes.size === 0 && watched.get(organizationId) === wakes) watched.delete(organizationId);
      };
    },
    async close() {
      clearInterval(timer);
      await listener?.close();
    },
  };
}

function measureRelay({ registry }: Metrics) {
  const up = new Gauge({
    name: "headroom_event_listener_up",
    help: "1 while this process hears of new events; 0 also before its first subscriber",
    registers: [registry],
  });
  const connections = new Counter({
    name: "headroom_event_listener_connections_total",
    help: "Times that this process began to listen for new events: one, and one for each connection lost",
    registers: [registry],
  });
  return {
    listening() {
      up.set(1);
      connections.inc();
    },
    lost: () => up.set(0),
  };
}
