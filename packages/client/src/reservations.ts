import type { Backlog } from "./backlog.ts";
import { type CommitResult, createCommits, isClosedAs } from "./commits.ts";
import { createKey } from "./keys.ts";
import type { MeterError } from "./meter-errors.ts";
import type { CallOptions, MeterOptions } from "./meter-options.ts";
import { askOr, settingsOf } from "./outages.ts";
import { type RetryOptions, tryRepeatedly } from "./retries.ts";
import type {
  CommitInput,
  RecordInput,
  ReleaseAnswer,
  ReleaseInput,
  ReserveAnswer,
  ReserveInput,
  UsageClient,
} from "./usage-client.ts";

/** `fallback` is the caller's rule: there is no reservation behind it, so nothing to commit or release. */
export type ReserveResult =
  | (ReserveAnswer & { source: "live"; idempotencyKey: string })
  | { allowed: boolean; source: "fallback"; reservation: null; idempotencyKey: string; error: unknown };

/** How the windows stand is missing when the answer to an earlier try was lost. */
export type ReleaseResult = { released: true } & Partial<ReleaseAnswer>;

export type ReservationOutcome =
  | { allowed: false; reservation: ReserveResult }
  | {
      allowed: true;
      reservation: ReserveResult;
      /** What the work used. */
      quantity: number;
      /** null when it used nothing, and when there was no reservation: then `recordAllowed` records it. */
      commit: CommitResult | null;
    };

export type Reservations = {
  /** Holds units until they are committed or released, or the hold ends. */
  reserve(input: ReserveInput, options?: CallOptions<ReserveInput>): Promise<ReserveResult>;
  /** Counts what was used of a hold. In an outage it is tried on in the background (`pending`). */
  commit(input: CommitInput, options?: RetryOptions): Promise<CommitResult>;
  /** Gives a hold back. Rejects with an outage as well: the hold then ends by itself. */
  release(input: ReleaseInput, options?: RetryOptions): Promise<ReleaseResult>;
  /**
   * Reserves, does the work, and commits the units that it answers: 0 or more. Releases when it throws, and when it used
   * nothing. Units that no limit admits any more have been used all the same: they are recorded, above the limit.
   */
  withReservation(
    input: ReserveInput,
    work: (reservation: ReserveResult) => number | Promise<number>,
    options?: CallOptions<ReserveInput>,
  ): Promise<ReservationOutcome>;
};

type Around = {
  backlog: Backlog;
  options: MeterOptions;
  report: (error: MeterError) => void;
  canWait(): boolean;
  recordsAllowed(call: { recordAllowed?: boolean }): boolean;
  recordLater(input: RecordInput): void;
};

export function createReservations(client: UsageClient, around: Around): Reservations {
  const { backlog, options, report, canWait, recordsAllowed, recordLater } = around;
  const commit = createCommits(client, backlog, report);

  async function reserve(given: ReserveInput, call: CallOptions<ReserveInput> = {}): Promise<ReserveResult> {
    const idempotencyKey = given.idempotencyKey ?? createKey();
    const input = { ...given, idempotencyKey };
    const ask = (signal: AbortSignal) => client.usage.reserve.mutate(input, { signal });
    const answer = await askOr(ask, input, settingsOf(call, options));
    if (answer.source === "live") return { ...answer, idempotencyKey };
    const allowed = answer.allowed && (!recordsAllowed(call) || canWait());
    return { ...answer, allowed, reservation: null, idempotencyKey };
  }

  async function release(input: ReleaseInput, call: RetryOptions = {}): Promise<ReleaseResult> {
    return tryRepeatedly<ReleaseResult>(
      (signal, again) =>
        client.usage.release.mutate(input, { signal }).then(
          (answer) => ({ ...answer, released: true as const }),
          (error: unknown) => {
            if (!again || !isClosedAs(error, "released")) throw error;
            return { released: true as const };
          },
        ),
      settingsOf(call, options),
    );
  }

  return {
    reserve,
    release,
    commit: (input, call = {}) => commit(input, settingsOf(call, options)),

    async withReservation(input, work, call = {}) {
      const occurredAt = new Date().toISOString();
      const reservation = await reserve(input, call);
      if (!reservation.allowed) return { allowed: false, reservation };
      const hold = holdOf(input, reservation);
      const giveBack = () => (hold === null ? undefined : release(hold, call).catch(() => undefined));
      let quantity: number;
      try {
        quantity = assertUnits(await work(reservation));
      } catch (error) {
        // When this is lost too, the hold ends by itself.
        await giveBack();
        throw error;
      }
      const { ttlSeconds: _, ...event } = input;
      const done = { allowed: true as const, reservation, quantity };
      if (quantity === 0) {
        await giveBack();
        return { ...done, commit: null };
      }
      if (hold === null) {
        const { idempotencyKey } = reservation;
        if (recordsAllowed(call)) recordLater({ ...event, quantity, idempotencyKey, occurredAt });
        return { ...done, commit: null };
      }
      const record = (surplus: number) =>
        recordLater({ ...event, quantity: surplus, idempotencyKey: `${hold.reservationId}:surplus` });
      const settings = settingsOf(call, options);
      const result = await commit({ ...hold, quantity }, settings, { reserved: input.quantity, record });
      return { ...done, commit: result };
    },
  };
}

/** What names the reservation in calls about it; null when there is none. */
function holdOf({ organizationId }: ReserveInput, { reservation }: ReserveResult): ReleaseInput | null {
  if (reservation === null) return null;
  const reservationId = reservation.id;
  return organizationId === undefined ? { reservationId } : { organizationId, reservationId };
}

function assertUnits(quantity: number): number {
  if (Number.isSafeInteger(quantity) && quantity >= 0) return quantity;
  throw new TypeError(`The work must answer how many whole units it used, not ${quantity}`);
}
