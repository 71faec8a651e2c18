import type { ServerResponse } from "node:http";
import { initTRPC, lazy, TRPCError } from "@trpc/server";
import { z } from "zod";

/** What happened in a server, in its order. */
export type Trace = (event: string, value?: unknown) => void;

type Context = {
  trace: Trace;
  response: ServerResponse;
  authorization: string | undefined;
  signal: AbortSignal | undefined;
};

const t = initTRPC.context<Context>().create({
  isDev: false,
  // Tells everything that a formatter is told.
  errorFormatter: ({ shape, error, type, path, input, ctx }) => ({
    ...shape,
    data: {
      ...shape.data,
      cause: error.cause?.message ?? null,
      type,
      path,
      input,
      hasContext: ctx !== undefined,
    },
  }),
});

/** The bytes of a body come as a stream, whose own state goes on while others look at it. */
const told = (input: unknown) => (input instanceof ReadableStream ? "a stream" : input);

const traced = t.procedure.use(async ({ ctx, path, type, input, batchIndex, signal, meta, next }) => {
  const about = { path, type, input: told(input), batchIndex, isAborted: signal?.aborted, meta };
  ctx.trace("begin", about);
  const result = await next({ ctx: { added: 1 } });
  ctx.trace(
    "end",
    result.ok ? ["ok", String(result.data)] : ["failed", result.error.code, result.error.message],
  );
  return result;
});

const guarded = traced.use(({ ctx, next }) => {
  if (ctx.authorization === undefined) throw new TRPCError({ code: "UNAUTHORIZED", message: "Who are you?" });
  return next();
});

const looked = traced.use(async ({ ctx, getRawInput, next }) => {
  ctx.trace("looked", told(await getRawInput()));
  return next();
});

const pair = z.strictObject({ a: z.number(), b: z.string().default("b") });

function run<Value>(value: (options: { ctx: Context; input: unknown }) => Value) {
  return (options: { ctx: Context; input: unknown }) => {
    options.ctx.trace("run", told(options.input));
    return value(options);
  };
}

/** A procedure of every shape that matters to whoever carries calls. */
export const shapes = t.router({
  none: traced.query(run(() => "nothing was asked")),
  echo: looked.input(z.unknown()).query(run(({ input }) => input)),
  pair: traced
    .input(pair)
    .output(pair)
    .query(run(({ input }) => input as z.infer<typeof pair>)),
  twice: traced
    .input(z.object({ a: z.number() }))
    .input(z.object({ b: z.string() }))
    .query(run(({ input }) => input)),
  waits: traced
    .input(pair.refine(async ({ a }) => a > 0, "is not above 0"))
    .output(pair.refine(async ({ a }) => a < 5))
    .query(run(({ input }) => input as z.infer<typeof pair>)),
  guarded: guarded.input(pair).query(run(() => true)),
  answers: t.router({
    undefined: traced.query(run(() => undefined)),
    null: traced.query(run(() => null)),
    date: traced.query(run(() => ({ at: new Date(0), none: undefined, nan: Number.NaN }))),
    bigint: traced.query(run(() => 1n)),
    circle: traced.query(
      run(() => {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return circle;
      }),
    ),
    promise: traced.query(run(() => ({ later: Promise.resolve(1) }))),
    iterable: traced.query(
      run(async function* () {
        yield 1;
      }),
    ),
    function: traced.query(run(() => ({ call: () => 1 }))),
    list: traced.query(run(() => [Promise.resolve(1)])),
    wrong: traced.output(pair).query(run(() => ({ a: "not a number" }) as never)),
    unicode: traced.query(run(() => "é 中 \u2028 \ud83d\ude00 \ud800")),
    status: traced.query(
      run(({ ctx }) => {
        ctx.response.statusCode = 202;
        ctx.response.setHeader("x-own", "set by a procedure");
        ctx.response.setHeader("vary", "replaced");
        return 1;
      }),
    ),
  }),
  change: looked.input(z.unknown()).mutation(run(({ input }) => ({ input }))),
  changePair: traced.input(pair).mutation(run(({ input }) => input)),
  changeNone: traced.mutation(run(() => "changed")),
  changeGuarded: guarded.input(pair).mutation(run(() => true)),
  fail: traced
    .input(z.enum(["BAD_REQUEST", "PAYMENT_REQUIRED", "NOT_FOUND", "CONFLICT", "CLIENT_CLOSED_REQUEST"]))
    .mutation(
      run(({ input }) => {
        throw new TRPCError({
          code: input as "CONFLICT",
          message: "on purpose",
          cause: new Error("a cause"),
        });
      }),
    ),
  throws: t.router({
    error: traced.query(
      run(() => {
        throw new Error("an error");
      }),
    ),
    text: traced.query(
      run(() => {
        throw "a text";
      }),
    ),
    object: traced.query(
      run(() => {
        throw { message: "an object", code: 5 };
      }),
    ),
    nothing: traced.query(
      run(() => {
        throw undefined;
      }),
    ),
  }),
  middlewares: t.router({
    input: traced
      .use(({ next }) => next({ getRawInput: async () => ({ a: 7 }) }))
      .input(pair)
      .query(run(({ input }) => input)),
    answer: traced
      .use(async ({ next }) => ({ ...(await next()), data: "another answer" }) as never)
      .query(run(() => "an answer")),
    rescue: traced
      .use(async ({ next }) => {
        const result = await next();
        return result.ok ? result : ({ ...result, ok: true, data: "rescued" } as never);
      })
      .query(
        run(() => {
          throw new Error("lost");
        }),
      ),
    again: traced
      .use(async ({ next }) => {
        await next();
        return next();
      })
      .query(run(() => "the second time")),
    forget: traced.use((() => undefined) as never).query(run(() => 1)),
    after: traced
      .input(pair)
      .use(({ next }) => next({ ctx: { more: 2 } }))
      .use(({ next }) => next())
      .query(run(({ input }) => input)),
    context: traced
      .use(({ next }) => next({ ctx: { more: 2 } }))
      .query(({ ctx }) => ({ added: ctx.added, more: ctx.more })),
  }),
  wait: traced.query(async ({ ctx, signal }) => {
    ctx.trace("run");
    await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
    ctx.trace("left");
  }),
  described: traced.meta({ about: "meta" }).query(run(() => 1)),
  watch: traced.subscription(async function* ({ ctx }) {
    ctx.trace("run");
    yield 1;
    yield 2;
  }),
  "with space": traced.query(run(() => 1)),
  "with,comma": traced.query(run(() => 1)),
  late: lazy(async () => ({
    router: t.router({ echo: traced.input(z.unknown()).query(run(({ input }) => input)) }),
  })),
});

/** The names of those that answer, as `shapes` has them. */
export const shapeNames: readonly string[] = [...Object.keys(shapes._def.procedures), "late.echo"].filter(
  (name) => name !== "wait",
);
