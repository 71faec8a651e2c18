import { setImmediate as turn } from "node:timers/promises";
import type { Database } from "@headroom/db/client";
import { consumeUnheld, consumeUsage } from "@headroom/db/usage";
import type { Undecided, UsageOutcome, UsageRequest } from "@headroom/db/usage-requests";
import { createPatience, type Waiting as Patient, unavailable } from "./patience.ts";
import { askTogether, createCollector } from "./self-clocking.ts";

/** Takes usage events of any callers and answers each its own. */
export interface UsageLane {
  /**
   * @throws unavailable when the queue is full, or the database does not answer in time. An event that was on its way
   * to it then may have been counted: asked again, its key tells.
   */
  submit(request: UsageRequest): Promise<UsageOutcome>;
}

type Waiting = Patient<UsageRequest, UsageOutcome>;

export interface LaneOptions {
  /**
   * Statements that may be under way at the same time, for different organizations: while the database works for some,
   * this process works for others.
   */
  lanes?: number;
  /** Events in one statement at most. */
  batch?: number;
  /** Events that may wait at most; beyond, callers are refused at once instead of queued up. */
  queue?: number;
  /** Organizations that may wait for a gate at the same time, each on a connection of its own. */
  detours?: number;
  /**
   * How long an event waits for its answer while the database says nothing at all, in milliseconds. What was not sent
   * by then is not sent any more.
   */
  patienceMs?: number;
}

/**
 * A self-clocking batcher: while a statement runs, events gather, and its return sends them. No timer, so a lone
 * event waits for nobody, and batches grow by themselves under load. There are two of them, and an organization stays with
 * its own, so that they do not meet at its gates. A gate that somebody holds stalls only its own organization, whose
 * events take a detour on which one waits.
 */
export function createUsageLane(database: Database, options: LaneOptions = {}): UsageLane {
  const { lanes = 2, batch = 512, queue = 20_000, detours = 4, patienceMs = 3_000 } = options;
  const held = new Map<string, Waiting[]>();
  const pending = createPatience<UsageRequest, UsageOutcome>(patienceMs, () => {
    for (const collector of collectors) collector.keep(pending.isWaiting);
  });
  const collectors = Array.from({ length: lanes }, () =>
    createCollector<Waiting>({ most: batch, send: take }),
  );
  let underWay = 0;

  function heard<Outcome>(outcomes: Outcome[]): Outcome[] {
    pending.hear();
    return outcomes;
  }

  async function take(events: Waiting[]): Promise<void> {
    const undecided = await settle(events, async (requests) =>
      heard(await consumeUnheld(database, requests)),
    );
    for (const { waiting, organizationId } of undecided) {
      const others = held.get(organizationId);
      if (others) {
        others.push(waiting);
      } else {
        held.set(organizationId, [waiting]);
      }
    }
    startDetours();
    // Who was answered may ask again: that goes with what waits.
    await turn();
  }

  function startDetours(): void {
    for (const [organizationId, events] of held) {
      if (underWay >= detours) {
        return;
      }
      held.delete(organizationId);
      underWay += 1;
      void takeDetour(events).finally(() => {
        underWay -= 1;
        startDetours();
      });
    }
  }

  async function takeDetour(events: Waiting[]): Promise<void> {
    for (let next = 0; next < events.length; next += batch) {
      const now = events.slice(next, next + batch).filter(pending.isWaiting);
      await settle(now, async (requests) => heard(await consumeUsage(database, requests)));
    }
  }

  return {
    submit(request) {
      if (pending.count() >= queue) {
        return Promise.reject(unavailable("Too many usage events are waiting, try again shortly"));
      }
      return new Promise<UsageOutcome>((resolve, reject) => {
        collectors[laneOf(request, lanes)]?.add(pending.add({ request, resolve, reject }));
      });
    },
  };
}

/**
 * The same organization comes to the same lane, unless two keys speak for it, or one names it that another belongs to:
 * those may meet, and who comes second takes the detour.
 */
function laneOf({ credential, organizationId }: UsageRequest, lanes: number): number {
  const number =
    organizationId === null ? credential.readUInt32BE(0) : Number.parseInt(organizationId.slice(-8), 16);
  // What is no id is for the database to refuse.
  return Number.isNaN(number) ? 0 : number % lanes;
}

/** Asks for all events in one statement and answers each; those that were not decided come back. */
async function settle(
  events: readonly Waiting[],
  ask: (requests: readonly UsageRequest[]) => Promise<(UsageOutcome | Undecided)[]>,
): Promise<{ waiting: Waiting; organizationId: string }[]> {
  if (events.length === 0) {
    return [];
  }
  // Where one fails them all, each is asked for alone. Ids and keys stay, so nothing counts twice.
  const answers = await askTogether(
    events.map((one) => one.request),
    ask,
  );
  const undecided: { waiting: Waiting; organizationId: string }[] = [];
  for (const [index, answer] of answers.entries()) {
    const waiting = events[index] as Waiting;
    if (answer.status === "rejected") {
      waiting.reject(answer.reason);
    } else if (answer.value.outcome === "later") {
      undecided.push({ waiting, organizationId: answer.value.organizationId });
    } else {
      waiting.resolve(answer.value);
    }
  }
  return undecided;
}
