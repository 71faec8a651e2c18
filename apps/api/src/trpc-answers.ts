import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnyTRPCProcedure, AnyTRPCRouter, TRPCError } from "@trpc/server";
import { nodeHTTPRequestHandler } from "@trpc/server/adapters/node-http";
import { answerDirectly } from "./direct/answers.ts";
import { mostCallsInABatch, readDirectCall } from "./direct/requests.ts";
import { largestBody } from "./largest-body.ts";

type TrpcRequest = {
  router: AnyTRPCRouter;
  request: IncomingMessage;
  response: ServerResponse;
  createContext(): { signal: AbortSignal | undefined };
};

/**
 * Answers plain calls beside tRPC's handler, which costs more than most procedures. null: the request is none of these,
 * nothing was done, and the handler is for it.
 */
export function answerTrpcDirectly({
  router,
  request,
  response,
  createContext,
}: TrpcRequest): Promise<void> | null {
  const call = readDirectCall(router, request);
  if (call === null) return null;
  response.setHeader("cache-control", "no-store");
  return answerDirectly({ router, call, request, response, createContext });
}

/** Answers whatever comes, with tRPC's own handler. `path` is what stands below `/trpc/`. */
export async function answerTrpc(
  { router, request, response, createContext }: TrpcRequest,
  path: string,
): Promise<void> {
  response.setHeader("cache-control", "no-store");
  // It ends an answer twice when a stream fails in its middle; unheard, that error would end the process.
  response.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    response.once("close", resolve);
  });
  const answered = nodeHTTPRequestHandler({
    router,
    req: request,
    res: response,
    path,
    createContext,
    maxBodySize: largestBody,
    maxBatchSize: mostCallsInABatch,
    responseMeta: ({ errors, paths }) => ({ headers: allowHeader(router, errors, paths) }),
  });
  // The handler waits for the end of an answer that a caller who left never takes.
  await Promise.race([answered, closed]);
}

/** A 405 names the method that would do (RFC 9110, section 15.5.6); a batch is of one kind. */
function allowHeader(
  router: AnyTRPCRouter,
  errors: readonly TRPCError[],
  [path = ""]: readonly string[] = [],
): Record<string, string> {
  if (!errors.some(({ code }) => code === "METHOD_NOT_SUPPORTED")) return {};
  const procedures = router._def.procedures as Readonly<Record<string, AnyTRPCProcedure>>;
  return { allow: procedures[path]?._def.type === "mutation" ? "POST" : "GET" };
}
