import type { DomainError } from "@headroom/domain/errors";
import type { ServiceContext } from "@headroom/service/context";

type Call = {
  actorId: string | null;
  organizationId: string | null;
  procedure: string;
  /** What the caller was told; null for an answer. */
  fault: DomainError | null;
  /** What really happened. */
  error: unknown;
  started: number;
};

/** One line per call, at its end. What the caller is not told, the line tells: the error and its stack. */
export function logCall(context: { service: ServiceContext; requestId: string }, call: Call): void {
  const { log } = context.service;
  const line = {
    requestId: context.requestId,
    organizationId: call.organizationId,
    actorId: call.actorId,
    procedure: call.procedure,
    code: call.fault?.code ?? "ok",
    ms: Math.round((performance.now() - call.started) * 10) / 10,
  };
  if (call.fault?.kind === "internal") log.error({ ...line, err: call.error }, "call failed");
  else if (call.fault?.kind === "unavailable") log.warn({ ...line, err: call.error }, "call failed");
  else log.info(line, "call answered");
}
