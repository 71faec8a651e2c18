/** How long the database may say nothing about what waits for nobody in it, in milliseconds. */
export const silenceMs = 3_000;

/**
 * A statement that waits for no lock and is done in milliseconds: unanswered after `silenceMs` it fails, because then it
 * is the database that is silent. Whoever asks is told within that time, instead of after the longest a statement may take.
 */
export function promptly<Query extends object>(query: Query): Query {
  // pg knows it, its types do not.
  return { ...query, query_timeout: silenceMs } as Query;
}

/** A statement went unanswered: what its connection still brings, if anything, nobody knows. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === "Query read timeout";
}
