import type { DomainError } from "@headroom/domain/errors";
import { invalidField } from "@headroom/domain/validation";
import type { Database } from "./client.ts";
import { inTurn } from "./gate-turns.ts";
import { retryConflicts, sqlState } from "./retry.ts";
import { type Answers, firstOther, readAnswers } from "./usage-answers.ts";
import type { Undecided, UsageOutcome, UsageRefusal, UsageRequest } from "./usage-requests.ts";
import { toQuery } from "./usage-wire.ts";

/**
 * Checks and consumes a batch in one round trip: credential, idempotency, gate, event. Answers stand in the order
 * of the requests. Exact under concurrency: see `migrations/0038_consume.sql`. Waits for gates that others hold.
 * @throws PostgreSQL's 55P03 when one is held for more than two seconds; nothing is written then.
 */
export async function consumeUsage(
  database: Database,
  requests: readonly UsageRequest[],
): Promise<UsageOutcome[]> {
  return readAnswers(requests, await callGate(database, requests, { whole: false, wait: true }));
}

/** As `consumeUsage`, but a gate that others hold stalls nobody: its events are answered `later`. */
export async function consumeUnheld(
  database: Database,
  requests: readonly UsageRequest[],
): Promise<(UsageOutcome | Undecided)[]> {
  return readAnswers(requests, await callGate(database, requests, { whole: false, wait: false }));
}

/**
 * As `consumeUsage`, but all or nothing: when the credential does not cover one of the events, none is written and
 * the first such event's refusal is the answer, with its place.
 * @param field what a fault of them all is about.
 * @throws DomainError validation_failed when a window would count beyond 2^53 − 1; nothing is written then.
 */
export async function recordUsage(
  database: Database,
  requests: readonly UsageRequest[],
  field = "quantity",
): Promise<UsageOutcome[] | { refusal: UsageRefusal; index: number }> {
  const [first] = requests;
  if (first === undefined) {
    return [];
  }
  const answers = await inTurn(database, first, () =>
    callGate(database, requests, { whole: true, wait: true }),
  ).catch((error: unknown) => {
    throw translateOverflow(error, field);
  });
  const answer = firstOther(answers);
  if (answer !== null && refusals.has(answer.outcome)) {
    return { refusal: answer.outcome as UsageRefusal, index: answer.index };
  }
  return readAnswers<UsageOutcome>(requests, answers);
}

const numericValueOutOfRange = "22003";

/** The domain's word for an event that would count a window beyond 2^53 − 1; any other error as it is. */
export function translateOverflow(error: unknown, field?: string): unknown {
  if (sqlState(error) !== numericValueOutOfRange) {
    return error;
  }
  const refusal = overflow(field);
  refusal.cause = error;
  return refusal;
}

/** The refusal of an event that would count a window beyond 2^53 − 1. */
export function overflow(field = "quantity"): DomainError {
  return invalidField(field, "would take a window's total beyond 2^53 - 1");
}

const refusals: ReadonlySet<string> = new Set<UsageRefusal>([
  "unauthenticated",
  "no_active_organization",
  "organization_not_found",
  "forbidden",
  "unknown_meter",
  "not_a_member",
]);

async function callGate(
  database: Database,
  requests: readonly UsageRequest[],
  { whole, wait }: { whole: boolean; wait: boolean },
): Promise<Answers> {
  const query = toQuery(requests, whole, wait);
  const { rows } = await retryConflicts(() => database.pool.query<[string]>(query));
  return JSON.parse(rows[0]?.[0] ?? "[]") as Answers;
}
