import type { Backlog } from "./backlog.ts";
import { isHeadroomError } from "./errors.ts";
import { createKey } from "./keys.ts";
import { MeterError } from "./meter-errors.ts";
import { type Attempt, isOutage, type RetryOptions, tryRepeatedly, withTimeout } from "./retries.ts";
import type { CommitAnswer, CommitInput, UsageClient } from "./usage-client.ts";

/**
 * `live` is Headroom's own answer. `fallback`: it did not arrive. `pending`: the commit is tried on in the background,
 * `flush` waits for it; otherwise an earlier try is known to have been counted.
 */
export type CommitResult =
  | (CommitAnswer & { source: "live" })
  | { source: "fallback"; pending: boolean; error: unknown };

/** More was used than reserved, and a limit refuses it: `reserved` is committed, `record` is told the rest. */
export type Overrun = { reserved: number; record(surplus: number): void };

const backgroundTimeoutMs = 10_000;

/** Commits that survive outages: what was used must not be lost with an answer. */
export function createCommits(client: UsageClient, backlog: Backlog, report: (error: MeterError) => void) {
  /** @throws HeadroomError; MeterError `buffer_full` or `closed` when it cannot even be tried later. */
  async function commit(given: CommitInput, retry: RetryOptions, overrun?: Overrun): Promise<CommitResult> {
    const input = { ...given, idempotencyKey: given.idempotencyKey ?? createKey() };
    const attempt = attemptOf(client, input, overrun);
    try {
      return await tryRepeatedly(attempt, retry);
    } catch (error) {
      if (!isOutage(error)) throw error;
      const refusal = backlog.isClosed() ? "closed" : backlog.isFull() ? "buffer_full" : null;
      if (refusal !== null)
        throw new MeterError(
          refusal,
          { commit: input },
          "Headroom cannot be asked, and no more can wait",
          error,
        );
      backlog.add(keepTrying(input, attempt));
      return { source: "fallback", pending: true, error };
    }
  }

  async function keepTrying(input: CommitInput, attempt: Attempt<CommitResult>): Promise<void> {
    const givenUp = backlog.givenUp();
    const about = { commit: input };
    for (let failures = await backlog.pause(1); ; failures = await backlog.pause(failures)) {
      try {
        const result = await withTimeout((signal) => attempt(signal, true), backgroundTimeoutMs, givenUp);
        if (result.source === "live" && !result.allowed) {
          report(new MeterError("refused", about, `Refused by the limit: ${result.reason}`));
        }
        return;
      } catch (error) {
        if (!isOutage(error)) return report(new MeterError("refused", about, "Headroom refused it", error));
        if (givenUp.aborted)
          return report(new MeterError("undelivered", about, "Headroom could not be asked", error));
      }
    }
  }

  return commit;
}

function attemptOf(
  client: UsageClient,
  input: CommitInput & { idempotencyKey: string },
  overrun?: Overrun,
): Attempt<CommitResult> {
  let surplus = 0;

  async function once(sent: CommitInput, signal: AbortSignal, again: boolean) {
    try {
      return { ...(await client.usage.commit.mutate(sent, { signal })), source: "live" as const };
    } catch (error) {
      if (!again || !isClosedAs(error, "committed")) throw error;
      return { source: "fallback" as const, pending: false, error };
    }
  }

  return async function attempt(signal, again) {
    const used = input.quantity;
    if (surplus === 0 || overrun === undefined) {
      const result = await once(input, signal, again);
      const refused = result.source === "live" && !result.allowed;
      if (!refused || overrun === undefined || used === undefined || used <= overrun.reserved) return result;
      surplus = used - overrun.reserved;
    }
    // Remembered across tries: what fits is committed once, and only then is the rest recorded.
    const key = `${input.idempotencyKey}:reserved`;
    const fitting = { ...input, quantity: overrun.reserved, idempotencyKey: key };
    const result = await once(fitting, signal, true);
    overrun.record(surplus);
    return result;
  };
}

/** The reservation had come to this end before. */
export function isClosedAs(error: unknown, status: "committed" | "released"): boolean {
  if (!isHeadroomError(error, "reservation_not_open")) return false;
  const details: { status?: unknown } = error.data.details ?? {};
  return details.status === status;
}
