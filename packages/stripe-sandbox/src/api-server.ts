import { setTimeout as sleep } from "node:timers/promises";
import { answerApi, keepFailure } from "./api.ts";
import type { Fault } from "./faults.ts";
import type { Answer, Incoming } from "./http.ts";
import { newId } from "./ids.ts";
import type { Sandbox } from "./parts.ts";

/** What happens to a request: an answer, a connection that breaks, or one that stays silent. */
export type Outcome = Answer | "reset" | "hang";

/** One v1 request with the fault that hits it, if any, and its line in the request log. */
export async function serveApi(sandbox: Sandbox, request: Incoming, closing: AbortSignal): Promise<Outcome> {
  const fault = sandbox.faults.take(request.method, request.path);
  if (fault?.kind === "delay") await sleep(fault.ms ?? 0, undefined, { signal: closing, ref: false });
  const done = fault && isBefore(fault) ? null : perform(sandbox, request);
  sandbox.requests.add({
    at: new Date(sandbox.now()).toISOString(),
    method: request.method,
    path: request.path,
    query: request.query,
    idempotencyKey: request.headers["idempotency-key"] ?? null,
    status: done?.status ?? null,
    replayed: done?.headers["idempotent-replayed"] === "true",
    fault: fault?.kind ?? null,
  });
  const outcome = spoiled(fault) ?? done ?? failure(500);
  if (fault?.kind === "status_kept" && typeof outcome !== "string") keepFailure(sandbox, request, outcome);
  return outcome;
}

function isBefore({ kind }: Fault): boolean {
  return kind === "status" || kind === "status_kept" || kind === "reset" || kind === "hang";
}

function perform(sandbox: Sandbox, request: Incoming): Answer {
  const answer = answerApi(sandbox, request);
  return { ...answer, headers: { "content-type": "application/json", ...answer.headers } };
}

function spoiled(fault: Fault | null): Outcome | null {
  if (fault === null || fault.kind === "delay") return null;
  if (fault.kind.startsWith("reset")) return "reset";
  if (fault.kind.startsWith("hang")) return "hang";
  return failure(fault.status ?? 500);
}

function failure(status: number): Answer {
  const limited = status === 429;
  const error = limited
    ? {
        type: "invalid_request_error",
        code: "rate_limit",
        message: "Too many requests (a fault of the sandbox).",
      }
    : { type: "api_error", message: "An error that the Stripe sandbox was told to make." };
  return {
    status,
    headers: {
      "content-type": "application/json",
      "request-id": newId("req", 14),
      ...(limited ? { "retry-after": "1" } : {}),
    },
    body: JSON.stringify({ error }),
  };
}
