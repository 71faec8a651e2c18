import { DomainError } from "@headroom/domain/errors";
import type { Database } from "./client.ts";
import { isStalePlan, sqlState } from "./retry.ts";

export interface CoalescingOptions {
  /** Reads in one statement at most; default 256. */
  most?: number;
  /** Statements under way at most; default 3. */
  statements?: number;
  /** How long reads wait behind a statement before another one is sent beside it, in milliseconds; default 50. */
  patienceMs?: number;
  /** How long a read may wait to be sent, in milliseconds, while nothing is answered; default 5,000. */
  longestMs?: number;
}

interface Waiting<Answer> {
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** Those who want to know the same, and since when the first of them waits. */
interface Asked<Answer> {
  since: number;
  by: Waiting<Answer>[];
}

/**
 * Reads of one tick go in one statement; while one is under way the next ones gather, and its return sends them. A read
 * never joins a statement that was sent before it was asked for, so it sees whatever was acknowledged until then. Reads
 * of the same key in one statement are one, and share the answer: nobody may change it.
 *
 * A lone read waits for nobody. A statement that the database refuses for its content is asked again key by key; one
 * whose connection ended, once more on another: strangers fail together only where each would have failed alone. While
 * the database hangs nobody waits for ever: what could not be sent is refused, as it is where no connection is free.
 * @param send answers every key, in order; the keys differ
 */
export function coalesce<Answer>(
  send: (keys: string[]) => Promise<Answer[]>,
  { most = 256, statements = 3, patienceMs = 50, longestMs = 5_000 }: CoalescingOptions = {},
): (key: string) => Promise<Answer> {
  let gathered = new Map<string, Asked<Answer>>();
  let underWay = 0;
  let isDue = false;
  let overdue: NodeJS.Timeout | undefined;
  let watch: NodeJS.Timeout | undefined;

  function add(key: string, waiting: Waiting<Answer>): void {
    const same = gathered.get(key);
    if (same === undefined) gathered.set(key, { since: performance.now(), by: [waiting] });
    else same.by.push(waiting);
    if (watch === undefined) watchFor(longestMs);
    if (underWay === 0) {
      if (isDue) return;
      isDue = true;
      // After this tick's other readers have joined.
      setImmediate(flush);
    } else if (underWay < statements) {
      overdue ??= setTimeout(flush, patienceMs);
    }
  }

  function watchFor(ms: number): void {
    // After answers that have arrived meanwhile: it may be this process that was busy, not the database.
    watch = setTimeout(() => setImmediate(refuseOld), ms).unref();
  }

  function refuseOld(): void {
    watch = undefined;
    const latest = performance.now() - longestMs;
    for (const [key, { since, by }] of gathered) {
      if (since > latest) {
        watchFor(Math.ceil(since - latest));
        return;
      }
      gathered.delete(key);
      for (const one of by) one.reject(unavailable());
    }
  }

  function flush(): void {
    isDue = false;
    clearTimeout(overdue);
    overdue = undefined;
    if (gathered.size === 0) return;
    const batch = takeFirst();
    underWay += 1;
    void settle(batch, send, 1).finally(() => {
      underWay -= 1;
      flush();
    });
    if (gathered.size > 0 && underWay < statements) overdue = setTimeout(flush, patienceMs);
  }

  function takeFirst(): Map<string, Asked<Answer>> {
    if (gathered.size <= most) {
      const all = gathered;
      gathered = new Map();
      return all;
    }
    const first = new Map([...gathered].slice(0, most));
    for (const key of first.keys()) gathered.delete(key);
    return first;
  }

  return (key) => new Promise<Answer>((resolve, reject) => add(key, { resolve, reject }));
}

/** As `coalesce`, for each database by itself. */
export function coalescedRead<Answer>(
  send: (database: Database, keys: string[]) => Promise<Answer[]>,
  options: CoalescingOptions = {},
): (database: Database, key: string) => Promise<Answer> {
  const reads = new WeakMap<Database["pool"], (key: string) => Promise<Answer>>();
  return (database, key) => {
    const known = reads.get(database.pool);
    if (known !== undefined) return known(key);
    const read = coalesce((keys) => send(database, keys), options);
    reads.set(database.pool, read);
    return read(key);
  };
}

/** One answer for each of `count` keys, from rows that say by their place, from 1, which key they answer. */
export function answersByPlace<Row extends { place: number }>(
  rows: readonly Row[],
  count: number,
): (Row | null)[] {
  const answers = new Array<Row | null>(count).fill(null);
  for (const row of rows) answers[row.place - 1] = row;
  return answers;
}

async function settle<Answer>(
  batch: ReadonlyMap<string, Asked<Answer>>,
  send: (keys: string[]) => Promise<Answer[]>,
  retries: number,
): Promise<void> {
  try {
    const answers = await sendAfresh(send, [...batch.keys()]);
    let place = 0;
    for (const { by } of batch.values()) {
      const answer = answers[place++] as Answer;
      for (const one of by) one.resolve(answer);
    }
  } catch (error) {
    if (batch.size > 1 && isAboutContent(error)) {
      for (const one of batch) await settle(new Map([one]), send, retries);
    } else if (retries > 0 && isLostConnection(error)) {
      await settle(batch, send, retries - 1);
    } else {
      for (const { by } of batch.values()) for (const one of by) one.reject(error);
    }
  }
}

const mostStale = 10;

/** A connection that prepared the statement before a migration is closed by the pool when it says so: others take its place. */
async function sendAfresh<Answer>(
  send: (keys: string[]) => Promise<Answer[]>,
  keys: string[],
): Promise<Answer[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await send(keys);
    } catch (error) {
      if (tries === mostStale || !isStalePlan(error)) throw error;
    }
  }
}

function unavailable(): DomainError {
  return new DomainError("unavailable", "The database does not answer in time, try again", {
    retryAfterSeconds: 1,
  });
}

// Class 22 (data exception) comes from what one read named, P0 (PL/pgSQL) from the rows it named.
function isAboutContent(error: unknown): boolean {
  return /^(22|P0)/.test(sqlState(error));
}

// The server ended the session (57P01), or the socket broke under it: no connection in the pool is older than that.
function isLostConnection(error: unknown): boolean {
  const code = sqlState(error);
  return (
    /^(57P0[123]|08...|ECONNRESET|EPIPE)$/.test(code) ||
    (error instanceof Error && error.message.startsWith("Connection terminated"))
  );
}
