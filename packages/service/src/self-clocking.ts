import { sqlState } from "@headroom/db/retry";

/** Collects items and hands them on in batches. */
export interface Collector<Item> {
  add(item: Item): void;
  /** Drops what waits and is not wanted any more. */
  keep(isWanted: (item: Item) => boolean): void;
}

export interface CollectorOptions<Item> {
  /** Items in a batch at most. */
  most: number;
  /** Batches that may be dealt with at the same time; default 1. */
  atOnce?: number;
  /** What a batch may weigh at most, in the unit of `weigh`; an item that alone is heavier goes alone. */
  heaviest?: number;
  /** Default: nothing weighs anything. */
  weigh?: (item: Item) => number;
  /** Deals with a batch. Must not reject. */
  send(items: Item[]): Promise<void>;
}

/**
 * A self-clocking batcher: while a batch is dealt with, items gather, and its end sends them. No timer, so a lone item
 * waits for nobody, and batches grow by themselves under load.
 */
export function createCollector<Item>(options: CollectorOptions<Item>): Collector<Item> {
  const { most, atOnce = 1, heaviest = Number.POSITIVE_INFINITY, weigh = () => 0, send } = options;
  let waiting: Item[] = [];
  let running = 0;

  function take(): Item[] {
    let count = 0;
    for (let weight = 0; count < Math.min(most, waiting.length); count += 1) {
      weight += weigh(waiting[count] as Item);
      if (weight > heaviest && count > 0) break;
    }
    return waiting.splice(0, count);
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      await send(take());
    }
    running -= 1;
  }

  return {
    add(item) {
      waiting.push(item);
      if (running < atOnce) {
        running += 1;
        // After this tick's other callers have joined.
        setImmediate(() => void drain());
      }
    },
    keep(isWanted) {
      waiting = waiting.filter(isWanted);
    },
  };
}

/**
 * Asks for many in one statement; where the content of one fails it, for each alone, so that a bad one fails nobody
 * else. `ask` answers in the order of the requests, and asking for one again must be harmless.
 * @returns what came of each, in their order
 */
export async function askTogether<Request, Answer>(
  requests: readonly Request[],
  ask: (requests: readonly Request[]) => Promise<readonly Answer[]>,
): Promise<PromiseSettledResult<Answer>[]> {
  try {
    return (await ask(requests)).map((value) => ({ status: "fulfilled", value }));
  } catch (reason) {
    if (requests.length === 1 || !isAboutOne(reason)) {
      return requests.map(() => ({ status: "rejected", reason }));
    }
    const outcomes = [];
    for (const one of requests) {
      outcomes.push(...(await askTogether([one], ask)));
    }
    return outcomes;
  }
}

// Classes 22 (data exception), 23 (constraint) and 54 (too long, too deep) come from the content of one, P0 (PL/pgSQL)
// from the rows that it is about; everything else from the database.
function isAboutOne(error: unknown): boolean {
  return /^(2[23]|54|P0)/.test(sqlState(error));
}
