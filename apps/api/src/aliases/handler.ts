import type { IncomingMessage, ServerResponse } from "node:http";
import type { AnyTRPCRouter } from "@trpc/server";
import { toDomainError } from "../errors.ts";
import { toWire } from "../rest/names.ts";
import { sendMethodNotAllowed, sendProblem } from "../rest/problems.ts";
import { callProcedure } from "../rest/rest.ts";
import type { Context } from "../trpc.ts";
import type { AliasFields } from "./answers.ts";
import { type AliasRequest, inTheirFields, readAliasRequest } from "./requests.ts";
import type { Alias, AliasTable } from "./table.ts";

type AliasCall = {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** Made only where the path is the source's. */
  context: () => Context;
};

/** The pages that a list without pages is gathered from: 10,000 entries are the most that it holds. */
const mostPages = 50;
const pageSize = 200;

/**
 * Answers the paths of the active preset's source with the procedures behind them: same middleware, schemas and
 * errors as everywhere. Returns the path's template for metrics, or null where the source has no such path.
 */
export function createAliasHandler(router: AnyTRPCRouter, table: AliasTable) {
  return async function answer(call: AliasCall): Promise<string | null> {
    const { request, response, url } = call;
    const match = table.find(request.method === "HEAD" ? "GET" : (request.method ?? ""), url.pathname);
    if (match.kind === "nothing") return null;
    const context = call.context();
    if (match.kind === "wrong_method") {
      sendMethodNotAllowed(response, match.allowed, context.requestId);
      return match.path;
    }
    const { row, operation } = match.alias;
    const reading = createReading(() =>
      readAliasRequest(request, row, operation.inputNames, {
        parameters: match.parameters,
        query: url.searchParams,
      }),
    );
    try {
      sendAnswer(response, match.alias, await ask(router, context, match.alias, reading.read));
    } catch (error) {
      const fault = toDomainError(error);
      if (fault.kind === "too_large") response.setHeader("connection", "close");
      // What reading found is told in the source's words already.
      const told = reading.fault() === fault ? fault : inTheirFields(fault, row, operation.inputNames);
      sendProblem(response, told, context.requestId);
    }
    return row.path;
  };
}

/** Reads once, and only when the caller is known: a stranger's body is not worth parsing. */
function createReading(readRequest: () => Promise<AliasRequest>) {
  let started: Promise<AliasRequest> | undefined;
  let fault: unknown = null;
  return {
    read() {
      started ??= readRequest().catch((error: unknown) => {
        fault = error;
        throw error;
      });
      return started;
    },
    fault: () => fault,
  };
}

type Asked = { answer: AliasFields; given: AliasFields };

async function ask(
  router: AnyTRPCRouter,
  context: Context,
  { operation, rest }: Alias,
  read: () => Promise<AliasRequest>,
): Promise<Asked> {
  const whole = operation === rest ? { limit: pageSize } : {};
  const first = await callProcedure(router, operation, context, async () => ({
    ...(await read()).input,
    ...whole,
  }));
  const { given, input } = await read();
  const answer = toWire(operation.outputNames, first) as AliasFields;
  if (rest === null) return { answer, given };
  const { next_cursor: cursor, ...fields } = answer;
  const scope = operation === rest ? input : { organizationId: input.organizationId ?? "current" };
  const followPage = async (from: unknown) =>
    toWire(
      rest.outputNames,
      await callProcedure(router, rest, context, async () => ({ ...scope, limit: pageSize, cursor: from })),
    ) as AliasFields;
  // What has happened is told, also to whom the further pages are not: who removed themselves is a member no more.
  const follow = operation.type === "mutation" ? orNothing(followPage) : followPage;
  return { answer: await gather(fields, cursor, follow), given };
}

function orNothing(followPage: (cursor: unknown) => Promise<AliasFields>) {
  return (cursor: unknown) => followPage(cursor).catch((): AliasFields => ({}));
}

/** The first page's fields with the lists of every page behind it. */
async function gather(
  first: AliasFields,
  cursor: unknown,
  followPage: (cursor: unknown) => Promise<AliasFields>,
): Promise<AliasFields> {
  const gathered: Record<string, unknown> = { ...first };
  let next = cursor;
  for (let pages = 1; typeof next === "string" && pages < mostPages; pages += 1) {
    const page = await followPage(next);
    for (const [name, list] of Object.entries(page)) {
      const before = gathered[name];
      if (Array.isArray(list) && Array.isArray(before)) gathered[name] = [...before, ...list];
    }
    next = page.next_cursor;
  }
  return gathered;
}

function sendAnswer(response: ServerResponse, { row, operation }: Alias, { answer, given }: Asked): void {
  const { cacheSeconds, status } = operation.route;
  response.writeHead(row.status ?? status ?? 200, {
    "content-type": "application/json",
    "cache-control": cacheSeconds === undefined ? "no-store" : `public, max-age=${cacheSeconds}`,
  });
  response.end(JSON.stringify(row.answer.value(answer, given)));
}
