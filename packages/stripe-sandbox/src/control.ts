import { completeCheckout } from "./billing/checkout.ts";
import { flush, get } from "./books.ts";
import type { Clock } from "./clock.ts";
import { after } from "./duration.ts";
import { StripeFailure } from "./failures.ts";
import { BadControl, readFault } from "./fault-rules.ts";
import { ClockStopped } from "./hooks.ts";
import { newId } from "./ids.ts";
import type { Sandbox } from "./sandbox.ts";
import type { Answer, Incoming } from "./server.ts";
import { rendered } from "./views.ts";
import type { CheckoutSession } from "./wire.ts";

/** The sandbox's own controls, which Stripe does not have: clock, checkout, resending, faults, the request log. */
export async function answerControl(sandbox: Sandbox, clock: Clock, request: Incoming): Promise<Answer> {
  try {
    const result = await control(sandbox, clock, request);
    return result === null ? json(404, problem("No such control.")) : json(200, result);
  } catch (error) {
    if (error instanceof BadControl) return json(400, problem(error.message));
    if (error instanceof ClockStopped) return json(error.status, problem(error.message));
    if (error instanceof StripeFailure) return json(error.status, { error: error.body });
    throw error;
  }
}

async function control(sandbox: Sandbox, clock: Clock, request: Incoming): Promise<object | null> {
  const [, , noun = "", id = "", verb = ""] = request.path.split("/").map(decodeURIComponent);
  if (request.method === "GET") return shown(sandbox, request);
  if (noun === "faults" && verb === "") return faultControl(sandbox, request, id);
  if (request.method !== "POST") return null;
  if (request.path === "/_sandbox/clock/advance") return advance(clock, jsonBody(request));
  if (noun === "checkout" && verb === "complete") {
    const method = jsonBody(request).paymentMethod ?? "pm_card_visa";
    if (typeof method !== "string") throw new BadControl("paymentMethod must be a string.");
    return pay(sandbox, id, method);
  }
  return noun === "events" && verb === "resend" ? resend(sandbox, id) : null;
}

function shown(sandbox: Sandbox, request: Incoming): object | null {
  if (request.path === "/_sandbox/clock") return { now: iso(sandbox.now()) };
  if (request.path === "/_sandbox/faults") return { faults: sandbox.faults.list() };
  if (request.path !== "/_sandbox/requests") return null;
  const since = new URLSearchParams(request.query).get("since") ?? "0";
  if (!/^\d+$/.test(since)) throw new BadControl("since must be the seq of a request.");
  return { requests: sandbox.requests.since(Number(since)) };
}

/** Adds a fault, or removes one or all of them. */
function faultControl(sandbox: Sandbox, request: Incoming, id: string): object | null {
  if (request.method === "POST" && id === "") return sandbox.faults.add(readFault(jsonBody(request)));
  if (request.method !== "DELETE") return null;
  sandbox.faults.clear(id === "" ? undefined : id);
  return { faults: sandbox.faults.list() };
}

/** Pays an open checkout session with a test card, as the person in front of it would. */
export function pay(sandbox: Sandbox, id: string, card: string): CheckoutSession {
  return sandbox.transact({ id: newId("req", 14), idempotency_key: null }, (books) => {
    const session = completeCheckout(books, get(books, "checkout.session", id), card);
    flush(books);
    return session;
  });
}

function resend(sandbox: Sandbox, id: string): object {
  return sandbox.transact({ id: null, idempotency_key: null }, (books) => {
    const event = get(books, "event", id);
    books.queue.add(event.id, event.type);
    return rendered(books, event);
  });
}

async function advance(clock: Clock, body: Record<string, unknown>): Promise<object> {
  const { now, steps } = await clock.advance((from) => targetOf(from, body));
  return { now: iso(now), steps };
}

function targetOf(from: number, body: Record<string, unknown>): number {
  const { to, by } = body;
  if ((to === undefined) === (by === undefined))
    throw new BadControl('Send either {"to": time} or {"by": duration}.');
  const target = to === undefined ? after(from, by) : typeof to === "string" ? Date.parse(to) : Number.NaN;
  if (target === null) throw new BadControl(`Not a duration: ${JSON.stringify(by)}`);
  if (Number.isNaN(target)) throw new BadControl(`Not a time in ISO 8601: ${JSON.stringify(to)}`);
  if (target < from) throw new BadControl(`The clock only moves forward; it is ${iso(from)}.`);
  return target;
}

function jsonBody(request: Incoming): Record<string, unknown> {
  if (request.body.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(request.body);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    throw new BadControl("The body is not JSON.");
  }
  throw new BadControl("The body must be a JSON object.");
}

function problem(message: string): object {
  return { error: { type: "invalid_request_error", message } };
}

function json(status: number, body: object): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
