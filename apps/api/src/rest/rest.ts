import type { IncomingMessage, ServerResponse } from "node:http";
import { DomainError } from "@headroom/domain/errors";
import type { AnyTRPCRouter } from "@trpc/server";
import { callProcedure as callDirectly } from "../direct/procedures.ts";
import { toDomainError } from "../errors.ts";
import type { Context } from "../trpc.ts";
import { hasEtag, quoteEtag } from "./etags.ts";
import { readInput } from "./inputs.ts";
import { toWire } from "./names.ts";
import { sendMethodNotAllowed, sendProblem } from "./problems.ts";
import { type Download, nextCursorHeader, type RestRoute } from "./routes.ts";
import type { Match, Operation, RouteTable } from "./table.ts";

type RestCall = {
  request: IncomingMessage;
  response: ServerResponse;
  /** Below `/v1`. */
  path: string;
  query: URLSearchParams;
  context: Context;
};

/**
 * Answers `/v1/...` with the procedures that declare a place there. The same middleware, schemas and errors as over
 * tRPC; only spelling and status differ. Returns the route's template for metrics, or null when there is none.
 */
export function createRestHandler(router: AnyTRPCRouter, table: RouteTable) {
  return async function answer({
    request,
    response,
    path,
    query,
    context,
  }: RestCall): Promise<string | null> {
    const match = table.find(request.method === "HEAD" ? "GET" : (request.method ?? ""), path);
    if (match.kind !== "found") {
      refuseRoute(response, match, context.requestId);
      return null;
    }
    const { operation } = match;
    try {
      // Read only when the caller is known: a stranger's body is not worth parsing.
      const getRawInput = () => readInput(request, operation.inputNames, match.parameters, query);
      const output = await callProcedure(router, operation, context, getRawInput);
      if (!sendNotModified(request, response, operation, output))
        sendAnswer(response, operation, output, context.requestId);
    } catch (error) {
      const fault = toDomainError(error);
      if (fault.kind === "too_large") response.setHeader("connection", "close");
      sendProblem(response, fault, context.requestId, operation.inputNames);
    }
    return match.path;
  };
}

/** Calls a procedure as tRPC would, with the input read once at most. */
export async function callProcedure(
  router: AnyTRPCRouter,
  operation: Operation,
  context: Context,
  getRawInput: () => Promise<unknown>,
): Promise<unknown> {
  // Several middlewares ask for the input; the body can be read once.
  let input: Promise<unknown> | undefined;
  return callDirectly({
    router,
    path: operation.procedure,
    type: operation.type,
    ctx: context,
    getRawInput: () => (input ??= getRawInput()),
    signal: context.signal,
  });
}

/** Says that the caller has the answer already; false when they do not. */
function sendNotModified(
  request: IncomingMessage,
  response: ServerResponse,
  { route }: Operation,
  output: unknown,
): boolean {
  if (route.etag === undefined) return false;
  const etag = route.etag(output);
  response.setHeader("etag", quoteEtag(etag));
  if (!hasEtag(request.headers["if-none-match"], etag)) return false;
  response.writeHead(304, { "cache-control": cacheControl(route) });
  response.end();
  return true;
}

/** What everybody may keep, what the caller may keep and must ask about, or, by default, what nobody may. */
function cacheControl({ cacheSeconds, etag }: RestRoute): string {
  if (cacheSeconds !== undefined) return `public, max-age=${cacheSeconds}`;
  return etag === undefined ? "no-store" : "private, no-cache";
}

function sendAnswer(
  response: ServerResponse,
  operation: Operation,
  output: unknown,
  requestId: string,
): void {
  const refused = operation.route.refusal?.(output) ?? null;
  if (refused !== null) {
    sendProblem(response, refused, requestId);
    return;
  }
  const { status = 200, download } = operation.route;
  if (download !== undefined) {
    sendDownload(response, download, toWire(operation.outputNames, output));
    return;
  }
  response.writeHead(status, {
    "content-type": "application/json",
    "cache-control": cacheControl(operation.route),
  });
  response.end(JSON.stringify(toWire(operation.outputNames, output)));
}

function sendDownload(response: ServerResponse, download: Download, output: unknown): void {
  const { type, filename, text } = download.render(output as never);
  const cursor = (output as { next_cursor?: string | null }).next_cursor ?? null;
  response.writeHead(200, {
    "content-type": `${type}; charset=utf-8`,
    "content-disposition": `attachment; filename="${filename}"`,
    "cache-control": "no-store",
    ...(cursor === null ? {} : { [nextCursorHeader]: cursor }),
  });
  response.end(text);
}

function refuseRoute(
  response: ServerResponse,
  match: Exclude<Match, { kind: "found" }>,
  requestId: string,
): void {
  if (match.kind === "wrong_method") sendMethodNotAllowed(response, match.allowed, requestId);
  else
    sendProblem(response, new DomainError("route_not_found", "There is nothing at this address."), requestId);
}
