import type { IncomingMessage } from "node:http";
import { readBody } from "@headroom/platform/bodies";
import { type AnyTRPCRouter, TRPCError } from "@trpc/server";
import { largestBody } from "../largest-body.ts";
import type { DirectCall } from "./requests.ts";

/** A call's input: read when a procedure first asks, and once. */
export type LazyInput = {
  /** @throws TRPCError of the code BAD_REQUEST, whatever is wrong with it */
  read(): Promise<unknown>;
  /** What was read by now. */
  known(): unknown;
};

export function lazyInput(router: AnyTRPCRouter, call: DirectCall, request: IncomingMessage): LazyInput {
  let reading: Promise<unknown> | undefined;
  let value: unknown;
  const read = async () => {
    value = await readInput(router, call, request);
    return value;
  };
  return {
    read: () => {
      reading ??= read();
      return reading;
    },
    known: () => value,
  };
}

async function readInput(
  router: AnyTRPCRouter,
  { type, query, isBatch }: DirectCall,
  request: IncomingMessage,
): Promise<unknown> {
  try {
    const text = type === "query" ? query : decode(await readBody(request, largestBody));
    // A query's empty one is none.
    if (text === undefined || (text === "" && type === "query")) return undefined;
    const inputs: unknown = JSON.parse(text);
    const input = isBatch ? firstOf(inputs) : inputs;
    if (isBatch && input === undefined) return undefined;
    return router._def._config.transformer.input.deserialize(input);
  } catch (cause) {
    if (cause instanceof TRPCError) throw cause;
    throw new TRPCError({ code: "BAD_REQUEST", message: (cause as Error).message, cause });
  }
}

const utf8 = new TextDecoder();

/** As `Request.json` reads: without a byte order mark, with a mark for each fault. */
function decode(bytes: Buffer): string {
  return utf8.decode(bytes);
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
