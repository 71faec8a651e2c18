import { setTimeout as sleep } from "node:timers/promises";
import { doDue } from "./billing/due-work.ts";
import { flush } from "./books.ts";
import { type Due, nextDue } from "./dues.ts";
import { assertOpen, awaitSettled, type Hooks, tellClock } from "./hooks.ts";
import type { Sandbox } from "./sandbox.ts";

/** What happened at one instant while the clock moved. */
export interface Step {
  at: string;
  what: string;
}

export interface Clock {
  /** Moves to an instant (milliseconds), doing on the way, in order, all that falls due. */
  advance(target: (now: number) => number): Promise<{ now: number; steps: Step[] }>;
  /** Plans the next look at what falls due by real time alone. */
  arm(): void;
  close(): Promise<void>;
}

/** A step does not wait for a webhook that failed this often; it goes on being retried behind. */
const attemptsPerStep = 6;
const retryBlocked = 5000;
const longestSleep = 3_600_000;

export function createClock(sandbox: Sandbox, options: Omit<Hooks, "closing">): Clock {
  const closing = new AbortController();
  const hooks: Hooks = { ...options, closing: closing.signal };
  let turn: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  /** One walk at a time: an advance and the timer never step together. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work, work);
    turn = result.catch(() => {});
    return result;
  }

  async function walk(target: number, steps: Step[]): Promise<void> {
    for (let next = nextInstant(sandbox); next !== null && next.at <= target; next = nextInstant(sandbox)) {
      assertOpen(hooks);
      steps.push(...(await (next.due ? step(sandbox, hooks, next.due) : deliver(sandbox, hooks, next.at))));
    }
  }

  function arm(wait?: number): void {
    clearTimeout(timer);
    const next = nextInstant(sandbox);
    if (closing.signal.aborted || next === null) return;
    const ahead = wait ?? Math.max(0, next.at - sandbox.now());
    timer = setTimeout(() => void alone(tick), Math.min(ahead, longestSleep));
  }

  async function tick(): Promise<void> {
    try {
      await walk(sandbox.now(), []);
      arm();
    } catch (error) {
      if (!closing.signal.aborted) sandbox.log.warn({ error: String(error) }, "what is due waits");
      arm(retryBlocked);
    }
  }

  return {
    advance: (target) =>
      alone(async () => {
        const steps: Step[] = [];
        const until = target(sandbox.now());
        try {
          await walk(until, steps);
          await moveTo(sandbox, hooks, until);
          await settle(sandbox, hooks);
        } finally {
          arm();
        }
        return { now: sandbox.now(), steps };
      }),
    arm: () => arm(),
    close: async () => {
      closing.abort();
      clearTimeout(timer);
      await turn;
    },
  };
}

/** The next instant at which something is due: work, or without any deliveries that wait for the clock. */
function nextInstant({ database, queue }: Sandbox): { at: number; due: Due | null } | null {
  const due = nextDue(database);
  const held = queue.nextVirtualAt();
  if (held !== null && (due === null || held < due.at * 1000)) return { at: held, due: null };
  return due && { at: due.at * 1000, due };
}

/** What a delivery program held back until an instant, or tries again then. */
async function deliver(sandbox: Sandbox, hooks: Hooks, at: number): Promise<Step[]> {
  await moveTo(sandbox, hooks, at);
  sandbox.wakeDelivery();
  await settle(sandbox, hooks);
  return [{ at: new Date(at).toISOString(), what: "deliveries" }];
}

/** Everything due at one instant: the stack's clock first, then the work, its deliveries, and the settling. */
async function step(sandbox: Sandbox, hooks: Hooks, due: Due): Promise<Step[]> {
  if (due.what === "finalize" && hooks.settledHookUrl) {
    // A second before, so that the stack closes its period by its own clock; the draft may be moved out meanwhile.
    await moveTo(sandbox, hooks, (due.at - 1) * 1000);
    await awaitSettled(hooks, sandbox.now(), due.objectId);
    const next = nextDue(sandbox.database);
    if (next?.objectId !== due.objectId || next.at !== due.at) return [];
  }
  await moveTo(sandbox, hooks, due.at * 1000);
  const steps = due.what === "finalize" ? workOf(sandbox, due.at, 1) : workOf(sandbox, due.at, Infinity);
  await settle(sandbox, hooks);
  return steps;
}

/** Does what is due at the instant (drafts that finalize one by one, each asked for), in one transaction. */
function workOf(sandbox: Sandbox, at: number, most: number): Step[] {
  return sandbox.transact(
    { id: null, idempotency_key: null },
    (books) => {
      const steps: Step[] = [];
      const started = nextDue(sandbox.database)?.what;
      for (
        let due = nextDue(sandbox.database);
        due?.at === at && steps.length < most;
        due = nextDue(sandbox.database)
      ) {
        if (due.what === "finalize" && started !== "finalize") break;
        steps.push({ at: new Date(at * 1000).toISOString(), what: doDue(books, due) });
      }
      flush(books);
      return steps;
    },
    at,
  );
}

/** Moves the clock forward: the stack is told first, and when that fails the clock stays. Never goes back. */
async function moveTo(sandbox: Sandbox, hooks: Hooks, target: number): Promise<void> {
  if (target <= sandbox.now()) return;
  await tellClock(hooks, target);
  sandbox.setNow(Math.max(sandbox.now(), target));
}

async function settle(sandbox: Sandbox, hooks: Hooks): Promise<void> {
  while (sandbox.queue.unsettled(attemptsPerStep) > 0) {
    assertOpen(hooks);
    await sleep(10);
  }
  await awaitSettled(hooks, sandbox.now());
}
