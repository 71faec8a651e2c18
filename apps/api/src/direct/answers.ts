import type { IncomingMessage, ServerResponse } from "node:http";
import { type AnyTRPCRouter, getTRPCErrorFromUnknown, getTRPCErrorShape, type TRPCError } from "@trpc/server";
import { getHTTPStatusCode } from "@trpc/server/http";
import { type LazyInputs, lazyInputs } from "./inputs.ts";
import { callProcedure } from "./procedures.ts";
import type { DirectCall } from "./requests.ts";
import { isStreaming, streamingRefused } from "./streams.ts";

type Context = { signal: AbortSignal | undefined };

type Requested = {
  router: AnyTRPCRouter;
  call: DirectCall;
  request: IncomingMessage;
  response: ServerResponse;
  createContext(): Context;
};

type Answer = { status: number; body: string };

/** What error formatters are told of calls besides their errors. */
type Circumstances = {
  router: AnyTRPCRouter;
  call: DirectCall;
  inputs: LazyInputs;
  context: Context | undefined;
};

type Outcome = { ok: true; data: unknown } | { ok: false; error: TRPCError };

/** Calls the procedures side by side, and answers as tRPC's own handler does: the same status, headers and body. */
export async function answerDirectly(requested: Requested): Promise<void> {
  const { response } = requested;
  const { status, body } = await makeCalls(requested);
  // One that was set on the way stays.
  if (response.statusCode === 200) response.statusCode = status;
  response.setHeader("vary", "trpc-accept, accept");
  response.setHeader("content-type", "application/json");
  response.end(body);
}

async function makeCalls({ router, call, request, createContext }: Requested): Promise<Answer> {
  const { paths, type } = call;
  const inputs = lazyInputs(router, call, request);
  const opened = openContext(createContext);
  async function makeOne(path: string, batchIndex: number): Promise<Outcome> {
    if (!opened.ok) return opened;
    const { context: ctx } = opened;
    const getRawInput = () => inputs.read(batchIndex);
    try {
      const { signal } = ctx;
      return {
        ok: true,
        data: await callProcedure({ router, path, type, ctx, getRawInput, signal, batchIndex }),
      };
    } catch (error) {
      return { ok: false, error: getTRPCErrorFromUnknown(error) };
    }
  }
  const outcomes = await Promise.all(paths.map(makeOne));
  return answerOutcomes({ router, call, inputs, context: opened.ok ? opened.context : undefined }, outcomes);
}

function openContext(
  createContext: () => Context,
): { ok: true; context: Context } | { ok: false; error: TRPCError } {
  try {
    return { ok: true, context: createContext() };
  } catch (error) {
    return { ok: false, error: getTRPCErrorFromUnknown(error) };
  }
}

function answerOutcomes(about: Circumstances, outcomes: Outcome[]): Answer {
  const { isBatch } = about.call;
  try {
    const items = outcomes.map((outcome, place) => itemOf(about, outcome, place));
    return {
      status: getHTTPStatusCode(items),
      body: JSON.stringify(isBatch ? items : items[0]),
    };
  } catch (cause) {
    return answerUnwritable(about, cause);
  }
}

function itemOf(about: Circumstances, outcome: Outcome, place: number) {
  const { router, call, inputs, context: ctx } = about;
  const { transformer } = router._def._config;
  const isRefused = outcome.ok && isStreaming(outcome.data);
  if (isRefused && !call.isBatch) throw streamingRefused();
  if (outcome.ok && !isRefused) return { result: { data: transformer.output.serialize(outcome.data) } };
  const error = outcome.ok ? streamingRefused() : outcome.error;
  const { paths, type } = call;
  const shape = getTRPCErrorShape({
    config: router._def._config,
    ctx,
    error,
    input: inputs.known(place),
    path: paths[place],
    type,
  });
  return { error: transformer.output.serialize(shape) };
}

/** An answer that no JSON can hold: an error about the request, of a batch as well, and not about one of its calls. */
function answerUnwritable({ router, call, context: ctx }: Circumstances, cause: unknown): Answer {
  const config = router._def._config;
  const error = getTRPCErrorFromUnknown(cause);
  const { type } = call;
  const shape = getTRPCErrorShape({ config, ctx, error, input: undefined, path: undefined, type });
  return {
    status: getHTTPStatusCode({ error: shape }),
    body: JSON.stringify({ error: config.transformer.output.serialize(shape) }),
  };
}
