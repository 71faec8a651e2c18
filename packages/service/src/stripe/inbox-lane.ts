import type { Database } from "@headroom/db/client";
import { keepEvents, type NewEvent } from "@headroom/db/inbox";
import { retryConflicts } from "@headroom/db/retry";
import { createPatience, unavailable, type Waiting } from "../patience.ts";
import { askTogether, createCollector } from "../self-clocking.ts";

/** Keeps events of any senders, and tells each when its own is committed. */
export interface InboxLane {
  /**
   * False when the event was here already.
   * @throws DomainError unavailable when too much waits, or the database does not answer in time: the event may be
   * committed all the same, which whoever sends it again will not notice
   */
  keep(event: NewEvent): Promise<boolean>;
}

export interface InboxLaneOptions {
  /** Events in one statement at most. */
  batch?: number;
  /** Bytes of their payloads in one statement at most; a longer event goes alone. */
  batchBytes?: number;
  /** Events that may wait at most … */
  queue?: number;
  /** … and bytes of their payloads: beyond, an event is refused at once instead of queued up. */
  queueBytes?: number;
  /** How long an event waits while the database says nothing at all, in milliseconds. Stripe gives up after 20 s. */
  patienceMs?: number;
}

type Sender = Waiting<NewEvent, boolean>;

/** Events gather while a statement keeps others, and are kept together by the next: one commit for all of them. */
export function createInboxLane(database: Database, options: InboxLaneOptions = {}): InboxLane {
  const { batch = 256, batchBytes = 4_194_304, patienceMs = 8_000 } = options;
  const { queue = 10_000, queueBytes = 64_194_304 } = options;
  let bytes = 0;
  const pending = createPatience<NewEvent, boolean>(patienceMs, () => collector.keep(pending.isWaiting));

  const collector = createCollector<Sender>({
    most: batch,
    // While one is committed the next is on its way.
    atOnce: 2,
    heaviest: batchBytes,
    weigh: ({ request }) => sizeOf(request),
    async send(senders) {
      const outcomes = await askTogether(
        senders.map(({ request }) => request),
        (events) => retryConflicts(() => keepEvents(database.kysely, events)),
      );
      pending.hear();
      for (const [index, outcome] of outcomes.entries()) {
        const sender = senders[index] as Sender;
        if (outcome.status === "fulfilled") sender.resolve(outcome.value);
        else sender.reject(outcome.reason);
      }
    },
  });

  return {
    async keep(event) {
      if (pending.count() >= queue || bytes + sizeOf(event) > queueBytes) {
        throw unavailable("Too many events are waiting, send it again");
      }
      bytes += sizeOf(event);
      try {
        return await new Promise<boolean>((resolve, reject) => {
          collector.add(pending.add({ request: event, resolve, reject }));
        });
      } finally {
        bytes -= sizeOf(event);
      }
    },
  };
}

const sizeOf = ({ payload }: NewEvent) => payload?.length ?? 0;
