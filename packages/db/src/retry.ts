const attempts = 4;
const serializationFailure = "40001";
const deadlockDetected = "40P01";

/**
 * Runs `work` again, up to three times with jitter, when PostgreSQL broke a deadlock or a serialization conflict by
 * ending it. `work` must have no effect outside its transaction.
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
  return code === serializationFailure || code === deadlockDetected;
}

/** PostgreSQL's five-character code of an error, or the empty text. */
export function sqlState(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
