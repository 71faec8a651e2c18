import { DomainError } from "@headroom/domain/errors";
import type { Database } from "./client.ts";

/** Who asks for a gate. */
export interface GateCaller {
  /** SHA-256 of the API key. */
  credential: Buffer;
  /** Raw UUID; null: the organization of the key. */
  organizationId: string | null;
}

interface Turns {
  running: number;
  waiting: Set<() => void>;
}

const patienceMs = 3_000;
const turnsOfPools = new WeakMap<Database["pool"], Map<string, Turns>>();

/**
 * Runs a statement that waits for gates. At most a quarter of the pool's connections wait for the same caller: a gate
 * that somebody holds must not take them from all other organizations.
 * @throws DomainError unavailable when it is not its turn within three seconds; nothing was asked then
 */
export async function inTurn<Result>(
  { pool }: Database,
  { credential, organizationId }: GateCaller,
  work: () => Promise<Result>,
): Promise<Result> {
  const callers = turnsOfPools.get(pool) ?? new Map<string, Turns>();
  turnsOfPools.set(pool, callers);
  const caller = `${credential.toString("base64")} ${organizationId}`;
  const turns = callers.get(caller) ?? { running: 0, waiting: new Set() };
  callers.set(caller, turns);
  if (turns.running < Math.max(1, Math.floor(pool.options.max / 4))) {
    turns.running += 1;
  } else {
    await untilTurn(turns);
  }
  try {
    return await work();
  } finally {
    const [next] = turns.waiting;
    if (next) {
      next();
    } else {
      turns.running -= 1;
      if (turns.running === 0) callers.delete(caller);
    }
  }
}

// Whoever ends hands on its turn, so that nobody comes in between.
function untilTurn({ waiting }: Turns): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      waiting.delete(take);
      const message = "The organization's usage is being changed by others, try again shortly";
      reject(new DomainError("unavailable", message, { retryAfterSeconds: 1 }));
    }, patienceMs);
    function take(): void {
      waiting.delete(take);
      clearTimeout(timer);
      resolve();
    }
    waiting.add(take);
  });
}
