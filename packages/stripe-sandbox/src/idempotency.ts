import { createHash } from "node:crypto";
import type { Database } from "./database.ts";
import { StripeFailure } from "./failures.ts";

/** An answer as it is kept for its key. */
export interface KeptAnswer {
  status: number;
  body: string;
  requestId: string;
}

interface Row {
  fingerprint: string;
  status: number;
  body: string;
  request_id: string;
}

/** What two requests must share to be the same one. */
export function fingerprint(method: string, path: string, body: string): string {
  return createHash("sha256").update(`${method} ${path}\n${body}`).digest("hex");
}

/** The answer given before under this key, or null. 400 `idempotency_error` when the request was another one. */
export function keptAnswer(database: Database, key: string, print: string): KeptAnswer | null {
  const row = database.one<Row>(
    "select fingerprint, status, body, request_id from idempotency where key = ?",
    key,
  );
  if (!row) return null;
  if (row.fingerprint !== print) {
    throw new StripeFailure(400, {
      type: "idempotency_error",
      message: `The idempotency key '${key}' was used before with other parameters or on another endpoint.`,
    });
  }
  return { status: row.status, body: row.body, requestId: row.request_id };
}

export function keepAnswer(database: Database, key: string, print: string, answer: KeptAnswer): void {
  database.run(
    "insert into idempotency values (?, ?, ?, ?, ?, ?)",
    key,
    print,
    answer.status,
    answer.body,
    answer.requestId,
    Date.now(),
  );
}
