import type { Database } from "@headroom/db/client";
import { sqlState } from "@headroom/db/retry";
import {
  consumeUnheld,
  consumeUsage,
  type Undecided,
  type UsageOutcome,
  type UsageRequest,
} from "@headroom/db/usage";
import { createPatience, type Waiting as Patient, unavailable } from "./usage-patience.ts";

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
 * event waits for nobody, and batches grow by themselves under load. There are two such lanes, and an organization
 * stays in its own, so that they do not meet at its gates. A gate that somebody holds stalls only its own
 * organization, whose events take a detour on which one waits.
 */
export function createUsageLane(database: Database, options: LaneOptions = {}): UsageLane {
  const { lanes = 2, batch = 512, queue = 20_000, detours = 4, patienceMs = 3_000 } = options;
  const held = new Map<string, Waiting[]>();
  const pending = createPatience<UsageRequest, UsageOutcome>(patienceMs, () => {
    for (const collector of collectors) collector.forget();
  });
  const collectors = Array.from({ length: lanes }, () => selfClocking(batch, pending.isWaiting, take));
  let underWay = 0;

  function heard<Outcome>(outcomes: Outcome[]): Outcome[] {
    pending.hear();
    return outcomes;
  }

  async function take(events: Waiting[]): Promise<() => void> {
    const answers = await answersTo(events, async (requests) =>
      heard(await consumeUnheld(database, requests)),
    );
    return () => {
      for (const { waiting, organizationId } of handOut(answers)) {
        const others = held.get(organizationId);
        if (others) {
          others.push(waiting);
        } else {
          held.set(organizationId, [waiting]);
        }
      }
      startDetours();
    };
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
      handOut(await answersTo(now, async (requests) => heard(await consumeUsage(database, requests))));
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

interface Collector {
  add(event: Waiting): void;
  /** Drops the events that nobody waits for any more. */
  forget(): void;
}

/**
 * The same organization comes to the same lane, unless it is named by one caller and known by its key for another: those
 * two may meet, and the later one takes the detour.
 */
function laneOf({ credential, organizationId }: UsageRequest, lanes: number): number {
  const number =
    organizationId === null ? credential.readUInt32BE(0) : Number.parseInt(organizationId.slice(-8), 16);
  return number % lanes;
}

/**
 * Collects events and sends them in batches, the next when the previous was answered: first it is sent, then the answers
 * are handed out, while the database is at work again.
 */
function selfClocking(
  batch: number,
  isWaiting: (event: Waiting) => boolean,
  send: (events: Waiting[]) => Promise<() => void>,
): Collector {
  let waiting: Waiting[] = [];
  let running = false;

  async function drain(): Promise<void> {
    let handOut = () => {};
    while (waiting.length > 0) {
      const sent = send(waiting.splice(0, batch));
      handOut();
      handOut = await sent;
    }
    running = false;
    handOut();
  }

  return {
    add(event) {
      waiting.push(event);
      if (!running) {
        running = true;
        // After this tick's other callers have joined.
        setImmediate(() => void drain());
      }
    },
    forget() {
      waiting = waiting.filter(isWaiting);
    },
  };
}

type Answered = { waiting: Waiting } & ({ outcome: UsageOutcome | Undecided } | { error: unknown });

/** Asks for all events in one statement. One caller's bad event does not fail the others'. */
async function answersTo(
  events: readonly Waiting[],
  ask: (requests: UsageRequest[]) => Promise<(UsageOutcome | Undecided)[]>,
): Promise<Answered[]> {
  if (events.length === 0) {
    return [];
  }
  try {
    const outcomes = await ask(events.map((one) => one.request));
    return events.map((waiting, index) => ({
      waiting,
      outcome: outcomes[index] as UsageOutcome | Undecided,
    }));
  } catch (error) {
    if (events.length === 1 || !isAboutOneEvent(error)) {
      return events.map((waiting) => ({ waiting, error }));
    }
    // Each alone. Ids and keys stay, so nothing counts twice.
    const answers: Answered[] = [];
    for (const one of events) {
      answers.push(...(await answersTo([one], ask)));
    }
    return answers;
  }
}

/** Answers everybody whose event was decided; the others come back. */
function handOut(answers: readonly Answered[]): { waiting: Waiting; organizationId: string }[] {
  const undecided = [];
  for (const answer of answers) {
    const { waiting } = answer;
    if ("error" in answer) {
      waiting.reject(answer.error);
    } else if (answer.outcome.outcome === "later") {
      undecided.push({ waiting, organizationId: answer.outcome.organizationId });
    } else {
      waiting.resolve(answer.outcome);
    }
  }
  return undecided;
}

// Classes 22 (data exception) and 23 (constraint) come from the content of an event, P0 (PL/pgSQL) from the rows of its
// organization; everything else from the database.
function isAboutOneEvent(error: unknown): boolean {
  return /^(2[23]|P0)/.test(sqlState(error));
}
