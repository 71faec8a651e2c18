const attempts = 4;
const serializationFailure = "40001";
const deadlockDetected = "40P01";
const featureNotSupported = "0A000";

/**
 * Runs `work` again, up to three times with jitter, when PostgreSQL broke a deadlock or a serialization conflict by
 * ending it, or a migration came between a statement's preparation and its use. `work` must have no effect outside its transaction.
 */
export async function retryConflicts<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isConflict(error)) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt));
    }
  }
}

function isConflict(error: unknown): boolean {
  const code = sqlState(error);
  return code === serializationFailure || code === deadlockDetected || isStalePlan(error);
}

/** A statement was prepared before a migration changed its columns. It was refused before it did anything. */
export function isStalePlan(error: unknown): boolean {
  const refused = sqlState(error) === featureNotSupported;
  // The code alone is everybody's, and the message is in the server's language.
  return refused && (error as { routine?: unknown }).routine === "RevalidateCachedQuery";
}

/** PostgreSQL's five-character code of an error, or the empty text. */
export function sqlState(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
