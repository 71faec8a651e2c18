import { TRPCError } from "@trpc/server";

/** A promise or an asynchronous iterable, or an object that holds one: only a stream could carry it. */
export function isStreaming(data: unknown): boolean {
  if (!isObject(data)) return false;
  if (Symbol.asyncIterator in data) return true;
  for (const value of Object.values(data)) {
    if (isPromise(value) || (isObject(value) && Symbol.asyncIterator in value)) return true;
  }
  return false;
}

export function streamingRefused(): TRPCError {
  return new TRPCError({
    code: "UNSUPPORTED_MEDIA_TYPE",
    message: "Cannot use stream-like response in non-streaming request - use httpBatchStreamLink",
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPromise(value: unknown): boolean {
  if (!isObject(value) && typeof value !== "function") return false;
  const { then, catch: handle } = value as { then?: unknown; catch?: unknown };
  return typeof then === "function" && typeof handle === "function";
}
