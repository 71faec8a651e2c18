import { setTimeout as sleep } from "node:timers/promises";
import { doDue } from "./billing/due-work.ts";
import { flush } from "./books.ts";
import { type Due, finalizingBy, lastDueBy, nextDue } from "./dues.ts";
import { assertOpen, awaitSettled, type Hooks, tellClock } from "./hooks.ts";
import type { Sandbox } from "./parts.ts";

/** What happened at one instant while the clock moved. */
export interface Step {
  at: string;
  what: string;
}

export interface Clock {
  /**
   * Moves to an instant (milliseconds), doing on the way, in order, all that falls due.
   * @param within seconds: what falls due so soon after something else is done in one step with it.
   */
  advance(target: (now: number) => number, within?: number): Promise<{ now: number; steps: Step[] }>;
  /** Plans the next look at what falls due by real time alone. */
  arm(): void;
  close(): Promise<void>;
}

/** A step does not wait for a webhook that failed this often; it goes on being retried behind. */
const attemptsPerStep = 6;
const retryBlocked = 5000;
/** Drafts that are asked for and finalized together. */
const draftsAtOnce = 50;
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

  async function walk(target: number, steps: Step[], within = 0): Promise<void> {
    for (let next = nextInstant(sandbox); next !== null && next.at <= target; next = nextInstant(sandbox)) {
      assertOpen(hooks);
      const { at, due } = next;
      const until = Math.min(Math.floor(at / 1000) + within, Math.floor(target / 1000));
      steps.push(...(await (due ? step(sandbox, hooks, due, until) : deliver(sandbox, hooks, at))));
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
    advance: (target, within) =>
      alone(async () => {
        const steps: Step[] = [];
        const until = target(sandbox.now());
        try {
          await walk(until, steps, within);
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

/**
 * Everything due at one instant, and until a little later: the stack's clock first, then the work, its deliveries, and
 * the settling.
 * @param until seconds
 */
async function step(sandbox: Sandbox, hooks: Hooks, due: Due, until: number): Promise<Step[]> {
  const drafts = finalizingBy(sandbox.database, until, draftsAtOnce);
  if (drafts.length > 0 && hooks.settledHookUrl) {
    // A second before, so that the stack closes its period by its own clock; drafts may be moved out meanwhile.
    await moveTo(sandbox, hooks, (due.at - 1) * 1000);
    await awaitSettled(hooks, sandbox.now(), drafts);
    if (nextDue(sandbox.database)?.at !== due.at) return [];
  }
  const last = lastDueBy(sandbox.database, until) ?? due.at;
  await moveTo(sandbox, hooks, last * 1000);
  const steps = workUntil(sandbox, last, new Set(drafts));
  await settle(sandbox, hooks);
  return steps;
}

/** Does what is due until an instant, up to the first draft that was not asked for. */
function workUntil(sandbox: Sandbox, until: number, drafts: ReadonlySet<string>): Step[] {
  const steps: Step[] = [];
  const next = (): Due | null => nextDue(sandbox.database);
  for (let due = next(); due !== null && due.at <= until; due = next()) {
    if (due.what === "finalize" && !drafts.has(due.objectId)) break;
    steps.push(...workOf(sandbox, due.at, drafts));
  }
  return steps;
}

/** Does what is due at the instant, of the drafts only those that were asked for, in one transaction. */
function workOf(sandbox: Sandbox, at: number, drafts: ReadonlySet<string>): Step[] {
  return sandbox.transact(
    { id: null, idempotency_key: null },
    (books) => {
      const steps: Step[] = [];
      for (let due = nextDue(sandbox.database); due?.at === at; due = nextDue(sandbox.database)) {
        if (due.what === "finalize" && !drafts.has(due.objectId)) break;
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
