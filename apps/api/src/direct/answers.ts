import type { IncomingMessage, ServerResponse } from "node:http";
import { type AnyTRPCRouter, getTRPCErrorFromUnknown, getTRPCErrorShape, type TRPCError } from "@trpc/server";
import { getHTTPStatusCode } from "@trpc/server/http";
import { type LazyInput, lazyInput } from "./inputs.ts";
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

/** What error formatters are told of a call besides its error. */
type Circumstances = {
  router: AnyTRPCRouter;
  call: DirectCall;
  input: LazyInput;
  context: Context | undefined;
};

/** Calls the procedure, and answers as tRPC's own handler does: the same status, headers and body. */
export async function answerDirectly(requested: Requested): Promise<void> {
  const { response } = requested;
  const { status, body } = await makeCall(requested);
  // One that was set on the way stays.
  if (response.statusCode === 200) response.statusCode = status;
  response.setHeader("vary", "trpc-accept, accept");
  response.setHeader("content-type", "application/json");
  response.end(body);
}

async function makeCall({ router, call, request, createContext }: Requested): Promise<Answer> {
  const { path, type } = call;
  const input = lazyInput(router, call, request);
  let context: Context | undefined;
  let data: unknown;
  try {
    context = createContext();
    const { signal } = context;
    data = await callProcedure({ router, path, type, ctx: context, getRawInput: input.read, signal });
  } catch (error) {
    return answerError({ router, call, input, context }, getTRPCErrorFromUnknown(error));
  }
  return answerData({ router, call, input, context }, data);
}

function answerData(about: Circumstances, data: unknown): Answer {
  const { router, call } = about;
  try {
    if (isStreaming(data)) {
      if (call.isBatch) return answerError(about, streamingRefused());
      throw streamingRefused();
    }
    const item = { result: { data: router._def._config.transformer.output.serialize(data) } };
    return { status: 200, body: JSON.stringify(call.isBatch ? [item] : item) };
  } catch (cause) {
    return answerUnwritable(about, cause);
  }
}

function answerError(about: Circumstances, error: TRPCError): Answer {
  const { router, call, input, context: ctx } = about;
  const { path, type, isBatch } = call;
  const config = router._def._config;
  try {
    const shape = getTRPCErrorShape({ config, ctx, error, input: input.known(), path, type });
    const item = { error: config.transformer.output.serialize(shape) };
    return {
      status: getHTTPStatusCode({ error: shape }),
      body: JSON.stringify(isBatch ? [item] : item),
    };
  } catch (cause) {
    return answerUnwritable(about, cause);
  }
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
