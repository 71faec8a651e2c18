import { AsyncLocalStorage } from "node:async_hooks";
import { uuidv7 } from "./uuid.ts";

const wellFormed = /^[A-Za-z0-9_.:-]{8,128}$/;
const current = new AsyncLocalStorage<string>();

/** The caller's own id when it is well formed (8..128 of letters, digits and `_.:-`), else a fresh UUIDv7. */
export function requestIdFrom(header: string | string[] | undefined): string {
  return typeof header === "string" && wellFormed.test(header) ? header : uuidv7();
}

/** Runs `work`; `currentRequestId` answers `requestId` inside it, also where no context object is at hand. */
export function withRequestId<Result>(requestId: string, work: () => Result): Result {
  return current.run(requestId, work);
}

/** The id of the request being answered, or null outside of one. */
export function currentRequestId(): string | null {
  return current.getStore() ?? null;
}
