import { BadControl } from "./fault-rules.ts";
import { processingOf, setProcessing } from "./meter-events.ts";
import type { Sandbox } from "./parts.ts";

/**
 * `POST /_sandbox/meters {delaySeconds?, held?}`: how long meter events wait until they count, in seconds of the
 * clock, and whether all wait until they are let go.
 */
export function setMeters(sandbox: Sandbox, body: Record<string, unknown>): object {
  const { delaySeconds, held } = { ...processingOf(sandbox.store), ...body };
  const isDelay = Number.isSafeInteger(delaySeconds) && Number(delaySeconds) >= 0;
  if (!isDelay || typeof held !== "boolean") {
    throw new BadControl('Send {"delaySeconds": 60, "held": false}.');
  }
  return sandbox.transact({ id: null, idempotency_key: null }, (books) => {
    setProcessing(books, { delaySeconds: Number(delaySeconds), held });
    return processingOf(books.store);
  });
}
