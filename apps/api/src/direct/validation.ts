import { TRPCError } from "@trpc/server";
import { z } from "zod";
import type { Definition, Middleware } from "./definitions.ts";

const chains = new WeakMap<Definition, readonly Middleware[]>();

/**
 * A procedure's middlewares, with its schemas asked at once. tRPC asks zod by `parseAsync`, for which zod has no compiled
 * form: that takes two to three times as long, 23 µs more for a page of members. A schema that has to wait is asked
 * tRPC's way.
 */
export function chainOf(definition: Definition): readonly Middleware[] {
  const known = chains.get(definition);
  if (known !== undefined) return known;
  let inputs = 0;
  const chain = definition.middlewares.map((middleware) => {
    const schema =
      middleware._type === "input"
        ? definition.inputs?.[inputs++]
        : middleware._type === "output"
          ? definition.output
          : undefined;
    if (!(schema instanceof z.ZodType)) return middleware;
    return middleware._type === "input" ? checkInput(schema) : checkOutput(schema);
  });
  chains.set(definition, chain);
  return chain;
}

function checkInput(schema: z.ZodType): Middleware {
  const parse = parserOf(schema);
  return async ({ input, getRawInput, next }) => {
    const raw = await getRawInput();
    let parsed: unknown;
    try {
      parsed = await parse(raw);
    } catch (cause) {
      throw new TRPCError({ code: "BAD_REQUEST", cause });
    }
    return next({ input: isObject(input) && isObject(parsed) ? { ...input, ...parsed } : parsed });
  };
}

function checkOutput(schema: z.ZodType): Middleware {
  const parse = parserOf(schema);
  return async ({ next }) => {
    const result = await next();
    if (!result.ok) return result;
    try {
      return { ...result, data: await parse(result.data) };
    } catch (cause) {
      throw new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: "Output validation failed", cause });
    }
  };
}

function parserOf(schema: z.ZodType): (value: unknown) => unknown {
  let parse: (value: unknown) => unknown = (value) => schema.parse(value);
  return (value) => {
    try {
      return parse(value);
    } catch (error) {
      if (!(error instanceof z.core.$ZodAsyncError)) throw error;
      parse = (later) => schema.parseAsync(later);
      return parse(value);
    }
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
