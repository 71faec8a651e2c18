import { completeCheckout, type Filled } from "./billing/checkout.ts";
import { actInPortal, type PortalAction } from "./billing/portal.ts";
import { setTaxPercentages, taxPercentages } from "./billing/taxes.ts";
import { flush, get } from "./books.ts";
import type { Clock } from "./clock.ts";
import { endProgram, rollEndpoint, setProgram, shownDeliveries, shownProgram } from "./delivery-controls.ts";
import { after } from "./duration.ts";
import { deliverEvents, eventOf, shownEvents } from "./event-controls.ts";
import { StripeFailure } from "./failures.ts";
import { BadControl, readFault } from "./fault-rules.ts";
import { ClockStopped } from "./hooks.ts";
import type { Answer, Incoming, Serving } from "./http.ts";
import { newId } from "./ids.ts";
import { setMeters } from "./meter-controls.ts";
import { processingOf } from "./meter-events.ts";
import type { Sandbox } from "./parts.ts";
import { failPayments, forgetFailures, shownFailures } from "./payment-controls.ts";
import { decodedSegment } from "./segments.ts";
import { shownSubscriptions } from "./subscription-controls.ts";
import { rendered } from "./views.ts";
import type { CheckoutSession } from "./wire.ts";

/** The sandbox's own controls, which Stripe does not have: clock, checkout, events, payments, faults, the request log. */
export async function answerControl(serving: Serving, request: Incoming): Promise<Answer> {
  try {
    const result = await control(serving, request);
    return result === null ? json(404, problem("No such control.")) : json(200, result);
  } catch (error) {
    if (error instanceof BadControl) return json(400, problem(error.message));
    if (error instanceof ClockStopped) return json(error.status, problem(error.message));
    if (error instanceof StripeFailure) return json(error.status, { error: error.body });
    throw error;
  }
}

async function control({ sandbox, clock, closing }: Serving, request: Incoming): Promise<object | null> {
  const [, , noun = "", id = "", verb = ""] = request.path.split("/").map(decodedSegment);
  if (request.method === "GET") return shown(sandbox, request);
  if (noun === "faults" && verb === "") return faultControl(sandbox, request, id);
  if (request.path === "/_sandbox/payments/fail") return paymentControl(sandbox, request);
  if (request.path === programPath && request.method === "DELETE") return endProgram(sandbox, request.query);
  if (request.method !== "POST") return null;
  if (request.path === programPath) return setProgram(sandbox, jsonBody(request));
  if (noun === "webhook_endpoints" && verb === "roll") return rollEndpoint(sandbox, id, jsonBody(request));
  if (request.path === "/_sandbox/clock/advance") return advance(clock, jsonBody(request));
  if (noun === "checkout" && verb === "complete") {
    return pay(sandbox, id, filledOf(jsonBody(request)));
  }
  if (request.path === "/_sandbox/events/deliver") return deliverEvents(sandbox, jsonBody(request), closing);
  if (request.path === "/_sandbox/tax") return setTax(sandbox, jsonBody(request));
  if (request.path === "/_sandbox/meters") return setMeters(sandbox, jsonBody(request));
  if (noun === "portal" && portalVerbs.includes(verb))
    return portalAction(sandbox, id, verb, jsonBody(request));
  return noun === "events" && verb === "resend" ? resend(sandbox, id) : null;
}

const programPath = "/_sandbox/deliveries/program";

function shown(sandbox: Sandbox, request: Incoming): object | null {
  if (request.path === programPath) return shownProgram(sandbox);
  if (request.path === "/_sandbox/deliveries") return shownDeliveries(sandbox, request.query);
  if (request.path === "/_sandbox/clock") return { now: iso(sandbox.now()) };
  if (request.path === "/_sandbox/tax") return { percentages: taxPercentages(sandbox) };
  if (request.path === "/_sandbox/meters") return processingOf(sandbox.store);
  if (request.path === "/_sandbox/faults") return { faults: sandbox.faults.list() };
  if (request.path === "/_sandbox/events") return shownEvents(sandbox, request.query);
  if (request.path === "/_sandbox/subscriptions") return shownSubscriptions(sandbox);
  if (request.path === "/_sandbox/payments/fail") return shownFailures(sandbox);
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

/** Makes automatic payments fail, or none any more. */
function paymentControl(sandbox: Sandbox, request: Incoming): object | null {
  if (request.method === "POST") return failPayments(sandbox, jsonBody(request));
  return request.method === "DELETE" ? forgetFailures(sandbox) : null;
}

/** Replaces the percentages that automatic tax uses, by country; a country without one has no tax. */
function setTax(sandbox: Sandbox, { percentages }: Record<string, unknown>): object {
  const entries =
    typeof percentages === "object" && percentages !== null ? Object.entries(percentages) : null;
  const fits = ([country, value]: [string, unknown]): boolean =>
    /^[A-Z]{2}$/.test(country) && typeof value === "number" && value >= 0 && value <= 100;
  if (!entries?.every(fits)) throw new BadControl('Send {"percentages": {"DE": 19}}.');
  return sandbox.transact({ id: null, idempotency_key: null }, (books) => {
    setTaxPercentages(books, Object.fromEntries(entries) as Record<string, number>);
    return { percentages: taxPercentages(books) };
  });
}

const portalVerbs = ["cancel", "resume", "card", "switch"];

function portalAction(sandbox: Sandbox, id: string, verb: string, body: Record<string, unknown>): object {
  const { subscription, paymentMethod: card } = body;
  const word = (value: unknown): value is string | undefined =>
    value === undefined || typeof value === "string";
  if (!word(subscription) || !word(card)) {
    throw new BadControl("subscription and paymentMethod must be strings.");
  }
  return actAtPortal(sandbox, id, { verb, subscription, card });
}

/** Carries out an action in the portal, as the person in front of it would. */
export function actAtPortal(sandbox: Sandbox, id: string, action: PortalAction): object {
  return sandbox.transact({ id: newId("req", 14), idempotency_key: null }, (books) => {
    const result = actInPortal(books, get(books, "billing_portal.session", id), action);
    flush(books);
    return rendered(books, result);
  });
}

function filledOf(body: Record<string, unknown>): Filled {
  const word = (key: string): string | undefined => {
    const value = body[key];
    if (value !== undefined && typeof value !== "string") throw new BadControl(`${key} must be a string.`);
    return value;
  };
  const { type, value } = (body.taxId ?? {}) as { type?: unknown; value?: unknown };
  if (body.taxId !== undefined && (typeof type !== "string" || typeof value !== "string")) {
    throw new BadControl("taxId must be {type, value}.");
  }
  return {
    card: word("paymentMethod") ?? "pm_card_visa",
    promotionCode: word("promotionCode"),
    country: word("country"),
    name: word("name"),
    taxId: body.taxId === undefined ? undefined : { type: String(type), value: String(value) },
  };
}

/** Pays an open checkout session as the person in front of it would. */
export function pay(sandbox: Sandbox, id: string, filled: Filled): CheckoutSession {
  return sandbox.transact({ id: newId("req", 14), idempotency_key: null }, (books) => {
    const session = completeCheckout(books, get(books, "checkout.session", id), filled);
    flush(books);
    return session;
  });
}

function resend(sandbox: Sandbox, id: string): object {
  return sandbox.transact({ id: null, idempotency_key: null }, (books) => {
    const event = eventOf(books.store, id);
    books.queue.add(event.id, event.type);
    return rendered(books, event);
  });
}

async function advance(clock: Clock, body: Record<string, unknown>): Promise<object> {
  const { now, steps } = await clock.advance((from) => targetOf(from, body), withinOf(body));
  return { now: iso(now), steps };
}

const longestWithin = 1_800_000;

/** Seconds. Less than the hour after which a draft is finalized. */
function withinOf({ within }: Record<string, unknown>): number {
  const milliseconds = within === undefined ? 0 : after(0, within);
  if (milliseconds === null || milliseconds > longestWithin)
    throw new BadControl("within must be a duration of at most 30 minutes.");
  return Math.floor(milliseconds / 1000);
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
