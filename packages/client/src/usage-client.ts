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

/** How the windows stand. */
export type UsageHeadroom = Omit<CheckAnswer, "allowed" | "reason">;

export type ReserveInput = {
  /** `current` when absent: the key's own organization. */
  organizationId?: string | undefined;
  /** The default meter when absent. */
  meter?: string | undefined;
  quantity: number;
  idempotencyKey?: string | undefined;
  memberId?: string | undefined;
  properties?: Record<string, string | number | boolean | null> | undefined;
  /** 1 to 86,400; 600 when absent. */
  ttlSeconds?: number | undefined;
};

export type Reservation = {
  id: string;
  status: "held" | "committed" | "released" | "expired";
  meter: string;
  quantity: number;
  expiresAt: string;
};

type Decision = UsageHeadroom & {
  allowed: boolean;
  reason: "daily_limit" | "hard_cap" | null;
  retryAfterSeconds: number | null;
  /** The key had been seen: this is the first answer again. */
  duplicate: boolean;
};

export type ReserveAnswer = Decision & { reservation: Reservation | null };

export type CommitInput = {
  organizationId?: string | undefined;
  reservationId: string;
  /** All that was reserved when absent. */
  quantity?: number | undefined;
  idempotencyKey?: string | undefined;
};

export type CommitAnswer = Decision & {
  eventId: string | null;
  acceptedQuantity: number;
  overCapQuantity: number;
  /** The hold had ended: what was used is counted all the same. */
  afterExpiry: boolean;
};

export type ReleaseInput = { organizationId?: string | undefined; reservationId: string };
export type ReleaseAnswer = UsageHeadroom & { reservation: Reservation };

/** The event by its id, or by its meter and key. */
export type VoidInput =
  | { organizationId?: string | undefined; eventId: string }
  | { organizationId?: string | undefined; meter?: string | undefined; idempotencyKey: string };

type CallOptions = { signal?: AbortSignal; context?: Record<string, unknown> };
type Mutation<Input, Answer> = { mutate(input: Input, options?: CallOptions): Promise<Answer> };
type Query<Input, Answer> = { query(input: Input, options?: CallOptions): Promise<Answer> };

/** The part of a Headroom client that metering uses. */
export type UsageClient<VoidAnswer = unknown> = {
  usage: {
    consume: Mutation<ConsumeInput, ConsumeAnswer>;
    record: Mutation<Inputs["record"], RecordAnswer>;
    check: Query<CheckInput, CheckAnswer>;
    reserve?: Mutation<ReserveInput, ReserveAnswer>;
    commit?: Mutation<CommitInput, CommitAnswer>;
    release?: Mutation<ReleaseInput, ReleaseAnswer>;
    void?: Mutation<VoidInput, VoidAnswer>;
  };
};

/** A procedure that an api of an earlier version lacks. @throws TypeError when the client has none by that name. */
export function procedureOf<Procedure>(procedure: Procedure | undefined, name: string): Procedure {
  if (procedure === undefined) throw new TypeError(`This client has no procedure usage.${name}`);
  return procedure;
}
