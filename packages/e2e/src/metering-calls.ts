import { setTimeout as sleep } from "node:timers/promises";
import { createHeadroomClient, createMeter, type HeadroomClient, isHeadroomError } from "@headroom/client";
import type { Answer, Fault } from "./metering-journal.ts";
import type { Mode, Subject } from "./metering-plan.ts";

/** An event on its way. Without a key the client makes one, a UUIDv7. */
export type LoadedEvent = {
  subject: Subject;
  meter: string;
  key: string | null;
  mode: Mode;
  quantity: number;
  replay: boolean;
};

export type RecordedEvent = LoadedEvent & { key: string; mode: "record"; occurredAt: string };

/** Calls as a back end does: with the same key until there is an answer, at the other api after an outage. */
export type Caller = {
  consume: (event: LoadedEvent) => Promise<Answer | Fault>;
  /** One batch of one organization. */
  record: (events: readonly RecordedEvent[]) => Promise<(Answer | Fault)[]>;
};

/** The client's meter as a back end has it, and how many tries it makes in all. */
const countedMeter = (client: HeadroomClient, onTry: (key: string) => void) => {
  const { consume, record, check, reserve, commit, release, void: takeBack } = client.usage;
  const mutate: typeof consume.mutate = (input, options) => {
    onTry(input.idempotencyKey ?? "");
    return consume.mutate(input, options);
  };
  return createMeter(
    {
      usage: { consume: { ...consume, mutate }, record, check, reserve, commit, release, void: takeBack },
    },
    { timeoutMs: 6_000, tries: 2 },
  );
};

const longestBatch = 10_000;
/** Long beside the start of an api, so that those who wait leave the machine to what is being started. */
const pauseMs = () => 100 + Math.random() * 200;

/** Everything but these two is a refusal of the call itself, and no call here deserves one. */
const isOutage = (error: unknown) => !isHeadroomError(error) || isHeadroomError(error, "unavailable");

/** Which fault an error is. `internal` would say that an outage was taken for a bug of ours, or that there is one. */
const faultOf = (error: unknown, about: string): Fault => ({
  fault: `${about}: ${isHeadroomError(error) ? error.data.reason : String(error)}`,
});

export type CallerOptions = {
  urls: readonly string[];
  /** Which of them is asked first. */
  first: number;
  /** For all organizations; null: each by its own key. */
  platformKey: string | null;
  /** A call ended and nobody knows what became of it. */
  onOutage: () => void;
};

/** A caller of several apis. Calls of one tick and one key share a request. */
export function openCaller({ urls, first, platformKey, onOutage }: CallerOptions): Caller {
  const clients = new Map<string, HeadroomClient>();
  const clientOf = (subject: Subject, turn: number): HeadroomClient => {
    const url = urls[(first + turn) % urls.length] ?? "";
    const apiKey = platformKey ?? subject.secret;
    const name = `${url} ${apiKey}`;
    const client = clients.get(name) ?? createHeadroomClient({ url, apiKey });
    clients.set(name, client);
    return client;
  };

  /** How many tries each key has had that waits for its answer. */
  const tries = new Map<string, number>();
  const meters = new Map<HeadroomClient, ReturnType<typeof countedMeter>>();
  const meterOf = (client: HeadroomClient) => {
    const meter =
      meters.get(client) ?? countedMeter(client, (key) => void tries.set(key, (tries.get(key) ?? 0) + 1));
    meters.set(client, meter);
    return meter;
  };

  async function afterOutage(): Promise<void> {
    onOutage();
    await sleep(pauseMs());
  }

  return {
    consume: async (event) => {
      const { subject, meter, mode, quantity, replay } = event;
      const input = { organizationId: `org_${subject.id}`, meter, mode, quantity };
      let { key } = event;
      for (let turn = 0; ; turn += 1) {
        const over = meterOf(clientOf(subject, turn));
        try {
          const answer = await over.consume(key === null ? input : { ...input, idempotencyKey: key });
          key = answer.idempotencyKey;
          if (answer.source === "live") {
            const unknown = (tries.get(key) ?? 1) - 1;
            tries.delete(key);
            return {
              ...{ organizationId: subject.id, meter, key, mode, quantity, replay, unknown },
              allowed: answer.allowed,
              accepted: answer.acceptedQuantity,
              eventId: answer.eventId,
              duplicate: answer.duplicate,
              reason: answer.reason,
              windows: answer.windows,
            };
          }
          if (!isOutage(answer.error)) return faultOf(answer.error, "consume");
        } catch (error) {
          return faultOf(error, "consume");
        }
        await afterOutage();
      }
    },

    record: async (events) => {
      const subject = events[0]?.subject;
      if (subject === undefined) return [];
      const input = events.map(({ meter, quantity, key, occurredAt }) => ({
        ...{ meter, quantity, occurredAt },
        idempotencyKey: key,
      }));
      const organizationId = `org_${subject.id}`;
      for (let unknown = 0; ; unknown += 1) {
        const client = clientOf(subject, unknown);
        try {
          const signal = AbortSignal.timeout(longestBatch);
          const { results } = await client.usage.record.mutate({ organizationId, events: input }, { signal });
          return events.map((event, index) => answerOf(event, results[index], unknown));
        } catch (error) {
          if (!isOutage(error)) return [faultOf(error, "record")];
        }
        await afterOutage();
      }
    },
  };
}

type RecordResult = Awaited<ReturnType<HeadroomClient["usage"]["record"]["mutate"]>>["results"][number];

function answerOf(event: RecordedEvent, result: RecordResult | undefined, unknown: number): Answer | Fault {
  if (result === undefined || result.status === "mismatch")
    return { fault: `record: ${result?.status ?? "no result"}` };
  const { subject, meter, key, mode, quantity, replay } = event;
  return {
    ...{ organizationId: subject.id, meter, key, mode, quantity, replay, unknown },
    allowed: true,
    accepted: quantity,
    eventId: result.eventId,
    duplicate: result.status === "duplicate",
    reason: null,
    windows: null,
  };
}
