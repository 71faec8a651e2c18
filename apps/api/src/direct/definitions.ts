import type { AnyTRPCRouter, TRPCError, TRPCProcedureType } from "@trpc/server";

/** What a call brings, as `callTRPCProcedure` takes it. */
export type ProcedureCall = {
  router: AnyTRPCRouter;
  path: string;
  type: TRPCProcedureType;
  ctx: object | undefined;
  getRawInput: () => Promise<unknown>;
  signal: AbortSignal | undefined;
  /** Its place in a batch; default 0. */
  batchIndex?: number;
};

/** What a middleware answers. */
export type Result = { ok: true; data: unknown } | { ok: false; error: TRPCError };

/** What a middleware is given, with what those before it added. */
export type Step = Pick<ProcedureCall, "getRawInput"> & { ctx: object | undefined; input: unknown };

export type Middleware = {
  (
    options: Step &
      Required<Pick<ProcedureCall, "path" | "type" | "signal" | "batchIndex">> & {
        meta: unknown;
        next: (changes?: Partial<Step>) => Promise<Result>;
      },
  ): Promise<Result>;
  /** That of a schema says so. */
  _type?: "input" | "output";
};

/** What tRPC keeps of a procedure. */
export type Definition = {
  type: string;
  meta: unknown;
  middlewares: Middleware[];
  /** Schemas, in the order of their middlewares. */
  inputs?: unknown[];
  output?: unknown;
};
