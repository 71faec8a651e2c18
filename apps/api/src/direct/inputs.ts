import type { IncomingMessage } from "node:http";
import { readBody } from "@headroom/platform/bodies";
import { type AnyTRPCRouter, TRPCError } from "@trpc/server";
import { largestBody } from "../largest-body.ts";
import type { DirectCall } from "./requests.ts";

/** The inputs of a request's calls, by their places: read when a procedure first asks, and once. */
export type LazyInputs = {
  /** @throws TRPCError of the code BAD_REQUEST, whatever is wrong with any of them */
  read(place: number): Promise<unknown>;
  /** What was read by now. */
  known(place: number): unknown;
};

export function lazyInputs(router: AnyTRPCRouter, call: DirectCall, request: IncomingMessage): LazyInputs {
  let reading: Promise<unknown[]> | undefined;
  let values: unknown[] | undefined;
  const read = async () => {
    values = await readInputs(router, call, request);
    return values;
  };
  return {
    read: async (place) => {
      reading ??= read();
      return (await reading)[place];
    },
    known: (place) => values?.[place],
  };
}

async function readInputs(
  router: AnyTRPCRouter,
  { type, paths, query, isBatch }: DirectCall,
  request: IncomingMessage,
): Promise<unknown[]> {
  try {
    const text = type === "query" ? query : decode(await readBody(request, largestBody));
    // A query's empty one is none.
    if (text === undefined || (text === "" && type === "query")) return [];
    const inputs: unknown = JSON.parse(text);
    const { deserialize } = router._def._config.transformer.input;
    if (!isBatch) return [deserialize(inputs)];
    const places = placesOf(inputs);
    return paths.map((_, place) => (places[place] === undefined ? undefined : deserialize(places[place])));
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

function placesOf(inputs: unknown): Record<number, unknown> {
  if (typeof inputs === "object" && inputs !== null && !Array.isArray(inputs)) {
    return inputs as Record<number, unknown>;
  }
  throw new TRPCError({
    code: "BAD_REQUEST",
    message: '"input" needs to be an object when doing a batch call',
  });
}
