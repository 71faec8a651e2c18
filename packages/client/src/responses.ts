import { TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import type { AppRouter } from "./router.ts";

/** How one call was answered. */
export type CallResponse = {
  /** The procedure: `members.list`. */
  path: string;
  type: "query" | "mutation";
  /** What finds the call in Headroom's log; calls of one request share it. null: there was no answer. */
  requestId: string | null;
  /** The HTTP status; null: there was no answer. */
  status: number | null;
  /** From the call to its answer, in milliseconds. */
  ms: number;
};

/** Tells how each call was answered, once; subscriptions are not told of. */
export function responseLink(tell: (response: CallResponse) => void): TRPCLink<AppRouter> {
  return () =>
    ({ op: { path, type }, op, next }) =>
      observable((observer) => {
        const started = performance.now();
        // By itself, so that what `tell` throws is no failure of the call.
        const answered = (requestId: string | null, status: number | null) =>
          queueMicrotask(() => {
            if (type !== "subscription")
              tell({ path, type, requestId, status, ms: performance.now() - started });
          });
        return next(op).subscribe({
          ...observer,
          next(value) {
            const response = responseOf(value.context);
            // 207 is the status of calls that travelled together and fared differently: this one went well.
            answered(requestIdOf(response), response?.status === 207 ? 200 : (response?.status ?? null));
            observer.next(value);
          },
          error(error) {
            const response = responseOf(error.meta);
            const data = error instanceof TRPCClientError ? error.data : null;
            answered(data?.requestId ?? requestIdOf(response), data?.httpStatus ?? response?.status ?? null);
            observer.error(error);
          },
        });
      });
}

function responseOf(meta: Record<string, unknown> | undefined): Response | null {
  return meta?.response instanceof Response ? meta.response : null;
}

function requestIdOf(response: Response | null): string | null {
  return response?.headers.get("x-request-id") ?? null;
}
