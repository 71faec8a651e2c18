import { DomainError } from "@headroom/domain/errors";
import { BodyTooLargeError, readBody } from "@headroom/platform/bodies";
import { failpoint } from "@headroom/platform/failpoints";
import type { Exchange } from "@headroom/platform/http";
import type { Logger } from "@headroom/platform/log";
import { type Reception, receiveBody } from "@headroom/service/stripe/events";
import { findSigner } from "./signature.ts";

/** `livemode` is true where a live key is used. */
export interface Receiver extends Reception {
  secrets: readonly string[];
  /** Bytes. */
  maxBody: number;
  /** Told of a customer whose events wait, once Stripe has its answer. */
  apply(customerId: string): void;
  /** Told that Stripe is to be asked what an event is about. */
  resolve(): void;
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** Where Stripe posts. */
const path = "/stripe";

/**
 * Takes one event: raw bytes, signature, inbox row, 200. Nothing else happens before the answer: a duplicate and a
 * new event look alike to Stripe, and whatever fails here makes it send the event again.
 */
export async function receive(receiver: Receiver, { request, response, requestId }: Exchange): Promise<void> {
  const { log } = receiver;
  if (request.url?.split("?", 1)[0] !== path || request.method !== "POST") {
    const status = request.url?.split("?", 1)[0] === path ? 405 : 404;
    response.writeHead(status, { allow: "POST", connection: "close" }).end();
    return;
  }
  let customerId: string | null = null;
  let unresolved = false;
  let answer: Answer;
  try {
    const body = await readBody(request, receiver.maxBody);
    const received = await keep(receiver, body, request.headers["stripe-signature"]);
    failpoint("inbox.kept");
    ({ customerId, unresolved } = received);
    answer = { status: 200, body: { received: true } };
    log.info({ requestId, outcome: received.outcome }, "Stripe event received");
  } catch (error) {
    answer = refusal(error, requestId, log);
  }
  const text = JSON.stringify(answer.body);
  const headers = {
    "content-type": "application/json",
    // Without it the answer goes out in chunks: three writes instead of one.
    "content-length": Buffer.byteLength(text),
    ...(answer.status === 413 ? { connection: "close" } : {}),
    ...(answer.status === 503 ? { "retry-after": "1" } : {}),
  };
  const sent = () => failpoint("inbox.answered");
  response.writeHead(answer.status, headers).end(text, sent);
  if (customerId !== null) {
    receiver.apply(customerId);
  }
  if (unresolved) {
    receiver.resolve();
  }
}

async function keep(receiver: Receiver, body: Buffer, header: string | string[] | undefined) {
  const signature = Array.isArray(header) ? header.join(",") : header;
  const text = body.toString("utf8");
  const secretIndex = findSigner(text, signature, receiver.secrets, Date.now());
  if (secretIndex === null) {
    throw new DomainError("invalid_signature", "The signature is not valid.");
  }
  failpoint("inbox.verified");
  return receiveBody(receiver, { text, bytes: body }, secretIndex);
}

// The caller is told a code and nothing more: what was wrong with a signature helps only who forges one.
function refusal(error: unknown, requestId: string, log: Logger): Answer {
  if (error instanceof DomainError && error.kind !== "unavailable") {
    log.warn({ requestId, code: error.code }, "Stripe event refused");
    return { status: 400, body: { code: error.code } };
  }
  if (error instanceof BodyTooLargeError) {
    log.warn({ requestId, limit: error.limit }, "Stripe event too large");
    return { status: 413, body: { code: "payload_too_large" } };
  }
  log.error({ requestId, err: error }, "Stripe event not kept");
  return { status: 503, body: { code: "unavailable" } };
}
