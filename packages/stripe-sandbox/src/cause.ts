/** Who caused a change; null ids when it was the clock. */
export interface Cause {
  id: string | null;
  idempotency_key: string | null;
}
