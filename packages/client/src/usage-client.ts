import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "./router.ts";

type Inputs = inferRouterInputs<AppRouter>["usage"];
type Answers = inferRouterOutputs<AppRouter>["usage"];

export type ConsumeInput = Inputs["consume"];
export type ConsumeAnswer = Answers["consume"];
export type CheckInput = Inputs["check"];
export type CheckAnswer = Answers["check"];
/** An event that has already happened. */
export type RecordInput = Exclude<Inputs["record"], { events: unknown }>;
export type RecordAnswer = Answers["record"];
/** `ttlSeconds`: 1 to 86,400, 600 when absent. */
export type ReserveInput = Inputs["reserve"];
export type ReserveAnswer = Answers["reserve"];
/** `quantity`: all that was reserved when absent. */
export type CommitInput = Inputs["commit"];
export type CommitAnswer = Answers["commit"];
export type ReleaseInput = Inputs["release"];
export type ReleaseAnswer = Answers["release"];

/** The event by its id, or by its meter and key. */
export type VoidInput =
  | { organizationId?: string | undefined; eventId: string }
  | { organizationId?: string | undefined; meter?: string | undefined; idempotencyKey: string };
export type VoidAnswer = Answers["void"];

type CallOptions = { signal?: AbortSignal; context?: Record<string, unknown> };
type Mutation<Input, Answer> = { mutate(input: Input, options?: CallOptions): Promise<Answer> };
type Query<Input, Answer> = { query(input: Input, options?: CallOptions): Promise<Answer> };

/** The part of a Headroom client that metering uses. */
export type UsageClient = {
  usage: {
    consume: Mutation<ConsumeInput, ConsumeAnswer>;
    record: Mutation<Inputs["record"], RecordAnswer>;
    check: Query<CheckInput, CheckAnswer>;
    reserve: Mutation<ReserveInput, ReserveAnswer>;
    commit: Mutation<CommitInput, CommitAnswer>;
    release: Mutation<ReleaseInput, ReleaseAnswer>;
    void: Mutation<VoidInput, VoidAnswer>;
  };
};
