import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "@headroom/platform/bodies";
import {
  type AnyTRPCRouter,
  callTRPCProcedure,
  getTRPCErrorFromUnknown,
  getTRPCErrorShape,
  TRPCError,
  transformTRPCResponse,
} from "@trpc/server";
import { getHTTPStatusCode } from "@trpc/server/http";
import { largestBody } from "../largest-body.ts";
import type { DirectCall } from "./requests.ts";

type Requested = {
  router: AnyTRPCRouter;
  call: DirectCall;
  request: IncomingMessage;
  response: ServerResponse;
  createContext(): { signal: AbortSignal | undefined };
};

type Outcome = { error?: TRPCError; data?: unknown };

/** Calls the procedure, and answers as tRPC's own handler does: the same status, headers and body. */
export async function answerDirectly(requested: Requested): Promise<void> {
  const { response } = requested;
  const { status, body } = await resolve(requested);
  // One that was set on the way stays.
  if (response.statusCode === 200) response.statusCode = status;
  response.setHeader("vary", "trpc-accept, accept");
  response.setHeader("content-type", "application/json");
  response.end(body);
}

async function resolve({ router, call, request, createContext }: Requested) {
  const { path, type, isBatch } = call;
  const config = router._def._config;
  let context: ReturnType<typeof createContext> | undefined;
  const input = lazily(() => readInput(router, call, request));

  async function callProcedure(): Promise<Outcome> {
    try {
      context = createContext();
      const { signal } = context;
      const getRawInput = input.read;
      return {
        data: await callTRPCProcedure({
          router,
          path,
          type,
          ctx: context,
          getRawInput,
          signal,
          batchIndex: 0,
        }),
      };
    } catch (error) {
      return { error: getTRPCErrorFromUnknown(error) };
    }
  }

  function answer({ error, data }: Outcome) {
    const shape =
      error && getTRPCErrorShape({ config, ctx: context, error, input: input.known(), path, type });
    const item = error ? { error: shape } : { result: { data } };
    return isBatch ? [item] : item;
  }

  const outcome = await callProcedure();
  try {
    const streaming = isStreaming(outcome.data) ? streamingRefused() : undefined;
    if (streaming !== undefined && !isBatch) throw streaming;
    return toText(router, answer(streaming ? { error: streaming } : outcome));
  } catch (cause) {
    // What cannot be written: the same for a batch, without its array.
    const error = getTRPCErrorFromUnknown(cause);
    const about = { config, ctx: context, error, input: undefined, path: undefined, type };
    return toText(router, { error: getTRPCErrorShape(about) });
  }
}

type Envelope = Parameters<typeof getHTTPStatusCode>[0];

function toText(router: AnyTRPCRouter, answer: unknown): { status: number; body: string } {
  const envelope = answer as Envelope;
  const status = getHTTPStatusCode(envelope);
  return { status, body: JSON.stringify(transformTRPCResponse(router._def._config, envelope)) };
}

/** Reads at the first asking, and once; `known` is what was read by then. */
function lazily(read: () => Promise<unknown>) {
  let reading: Promise<unknown> | undefined;
  let value: unknown;
  return {
    read: () => {
      reading ??= read().then((found) => {
        value = found;
        return found;
      });
      return reading;
    },
    known: () => value,
  };
}

/** @throws TRPCError of the code BAD_REQUEST, whatever is wrong with it */
async function readInput(
  router: AnyTRPCRouter,
  call: DirectCall,
  request: IncomingMessage,
): Promise<unknown> {
  try {
    const inputs = await readJson(call, request);
    if (inputs === undefined) return undefined;
    const input = call.isBatch ? firstOf(inputs) : inputs;
    return call.isBatch && input === undefined
      ? undefined
      : router._def._config.transformer.input.deserialize(input);
  } catch (cause) {
    if (cause instanceof TRPCError) throw cause;
    throw new TRPCError({ code: "BAD_REQUEST", message: (cause as Error).message, cause });
  }
}

async function readJson({ type, query }: DirectCall, request: IncomingMessage): Promise<unknown> {
  // An empty one is none.
  if (type === "query") return query ? JSON.parse(query) : undefined;
  return JSON.parse(new TextDecoder().decode(await readBody(request, largestBody)));
}

function firstOf(inputs: unknown): unknown {
  if (typeof inputs === "object" && inputs !== null && !Array.isArray(inputs)) {
    return (inputs as Record<string, unknown>)[0];
  }
  throw new TRPCError({
    code: "BAD_REQUEST",
    message: '"input" needs to be an object when doing a batch call',
  });
}

/** A promise or an asynchronous iterable, in the answer or right below: only a stream could carry it. */
function isStreaming(data: unknown): boolean {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return false;
  return isIterable(data) || Object.values(data).some((value) => isIterable(value) || isPromise(value));
}

function isIterable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Symbol.asyncIterator in value
  );
}

function isPromise(value: unknown): boolean {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function" &&
    typeof (value as { catch?: unknown }).catch === "function"
  );
}

function streamingRefused(): TRPCError {
  return new TRPCError({
    code: "UNSUPPORTED_MEDIA_TYPE",
    message: "Cannot use stream-like response in non-streaming request - use httpBatchStreamLink",
  });
}
