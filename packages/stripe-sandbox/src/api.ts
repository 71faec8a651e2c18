import type { Books } from "./books.ts";
import { flush } from "./books.ts";
import { expanded } from "./expansion.ts";
import { invalid, StripeFailure, unsupported } from "./failures.ts";
import { decodeForm, decodeJson, type RawTree } from "./form.ts";
import { fingerprint, type KeptAnswer, keepAnswer, keptAnswer } from "./idempotency.ts";
import { newId } from "./ids.ts";
import { read } from "./parameters.ts";
import type { Sandbox } from "./parts.ts";
import { checkoutSessions } from "./routes/checkout-sessions.ts";
import { coreEvents } from "./routes/core-events.ts";
import { coupons } from "./routes/coupons.ts";
import { customers } from "./routes/customers.ts";
import { eventDestinations } from "./routes/event-destinations.ts";
import { events } from "./routes/events.ts";
import { invoiceItems } from "./routes/invoice-items.ts";
import { invoices } from "./routes/invoices.ts";
import { meterEvents } from "./routes/meter-events.ts";
import { meters } from "./routes/meters.ts";
import { paymentMethods } from "./routes/payment-methods.ts";
import { portal } from "./routes/portal.ts";
import { prices } from "./routes/prices.ts";
import { products } from "./routes/products.ts";
import { promotionCodes } from "./routes/promotion-codes.ts";
import { subscriptionItems } from "./routes/subscription-items.ts";
import { subscriptionSchedules } from "./routes/subscription-schedules.ts";
import { subscriptions } from "./routes/subscriptions.ts";
import { taxRates } from "./routes/tax-rates.ts";
import { webhookEndpoints } from "./routes/webhook-endpoints.ts";
import { type Match, matchRoute, type Route } from "./routes.ts";
import { apiVersion } from "./version.ts";
import { rendered } from "./views.ts";

/** Every endpoint; the first that fits answers. */
export const routes: Route[] = [
  ...customers,
  ...products,
  ...prices,
  ...coupons,
  ...promotionCodes,
  ...taxRates,
  ...paymentMethods,
  ...checkoutSessions,
  ...portal,
  ...subscriptions,
  ...subscriptionItems,
  ...subscriptionSchedules,
  ...invoices,
  ...invoiceItems,
  ...events,
  ...webhookEndpoints,
  ...meters,
  ...meterEvents,
  ...coreEvents,
  ...eventDestinations,
];

export interface ApiRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: string;
  body: string;
  headers: Record<string, string | undefined>;
}

export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * One v1 request from key to answer. The handler runs in one transaction with its events, its deliveries and its
 * idempotency row; a refusal undoes it, except a declined payment, which Stripe keeps too.
 */
export function answerApi(sandbox: Sandbox, request: ApiRequest): ApiAnswer {
  const requestId = newId("req", 14);
  const key = keyOf(request);
  const headers: Record<string, string> = {
    "request-id": requestId,
    "stripe-version": apiVersion,
    ...(key ? { "idempotency-key": key } : {}),
  };
  try {
    authenticate(request.headers.authorization);
    assertVersion(request.headers["stripe-version"]);
    assertOwnAccount(request.headers);
    assertKeyLength(key);
    const match = matchRoute(routes, request.method, request.path);
    if (!match) throw unknownRoute(request);
    const print = printOf(request);
    const kept = key === undefined ? null : keptAnswer(sandbox.database, key, print);
    if (kept) return { status: kept.status, headers: { ...headers, ...replayed(kept) }, body: kept.body };
    const { status, body } = perform(sandbox, request, match, { requestId, key, print });
    return { status, headers, body };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    return {
      status: error.status,
      headers: { ...headers, ...error.headers },
      body: failureBody(error, requestId),
    };
  }
}

/** Keeps an error under the request's idempotency key, unless an answer is there: a retry is told the same. */
export function keepFailure(
  sandbox: Sandbox,
  request: ApiRequest,
  { status, body, headers }: ApiAnswer,
): void {
  const key = keyOf(request);
  const print = printOf(request);
  if (key !== undefined && keptAnswer(sandbox.database, key, print) === null) {
    keepAnswer(sandbox.database, key, print, { status, body, requestId: headers["request-id"] ?? "" });
  }
}

/** The idempotency key; an empty one is none. */
function keyOf({ method, headers }: ApiRequest): string | undefined {
  return method === "POST" ? headers["idempotency-key"] || undefined : undefined;
}

function printOf({ method, path, query, body }: ApiRequest): string {
  return fingerprint(method, query === "" ? path : `${path}?${query}`, body);
}

interface Identity {
  requestId: string;
  key: string | undefined;
  print: string;
}

function perform(sandbox: Sandbox, request: ApiRequest, match: Match, identity: Identity): KeptAnswer {
  const { requestId, key, print } = identity;
  const keep = (answer: KeptAnswer): KeptAnswer => {
    if (key !== undefined) keepAnswer(sandbox.database, key, print, answer);
    return answer;
  };
  try {
    return sandbox.transact({ id: requestId, idempotency_key: key ?? null }, (books) => {
      const result = run(books, request, match);
      flush(books);
      if (result instanceof StripeFailure) {
        return keep({ status: result.status, body: failureBody(result, requestId), requestId });
      }
      return keep({ status: 200, body: result, requestId });
    });
  } catch (error) {
    // A declined card is an outcome and stays with its key; a request that was refused outright may be corrected.
    if (!(error instanceof StripeFailure) || error.status !== 402) throw error;
    return sandbox.database.transaction(() =>
      keep({ status: error.status, body: failureBody(error, requestId), requestId }),
    );
  }
}

function run(books: Books, request: ApiRequest, { route, id }: Match): string | StripeFailure {
  const isV2 = request.path.startsWith("/v2/");
  const { page, ...rest } = parametersOf(request, isV2);
  const raw = isV2 || page === undefined ? rest : { ...rest, page };
  const input = read(route.table, raw);
  const cursor = typeof page === "string" ? page : undefined;
  const answer = route.run({ books, input, id, path: request.path, page: cursor });
  if ("failure" in answer) {
    if (answer.failure instanceof StripeFailure) return answer.failure;
    throw answer.failure;
  }
  const paths = Array.isArray(input.expand) ? (input.expand as string[]) : [];
  return JSON.stringify(expanded(books, rendered(books, answer), paths), null, 2);
}

/** Stripe reads the address and the body of every method alike: what stands in either is never passed over. */
function parametersOf({ query, body }: ApiRequest, isV2: boolean): RawTree {
  if (isV2) return { ...decodeForm(query), ...decodeJson(body) };
  return decodeForm([query, body].filter((part) => part !== "").join("&"));
}

function replayed(kept: KeptAnswer): Record<string, string> {
  return { "idempotent-replayed": "true", "original-request": kept.requestId };
}

function failureBody(failure: StripeFailure, requestId: string): string {
  const log = `https://dashboard.stripe.com/test/logs/${requestId}`;
  return JSON.stringify({ error: { ...failure.body, request_log_url: log } }, null, 2);
}

function unauthenticated(message: string): StripeFailure {
  return new StripeFailure(401, { type: "invalid_request_error", message });
}

/** Any test key will do; a live key has no business here and is named as such. */
function authenticate(header: string | undefined): void {
  const [scheme = "", value = ""] = (header ?? "").split(" ");
  const basic = scheme.toLowerCase() === "basic";
  const key = basic ? (Buffer.from(value, "base64").toString("utf8").split(":")[0] ?? "") : value;
  if (/^[sr]k_live_/.test(key))
    throw unauthenticated("A live key was sent to the Stripe sandbox; use a test key.");
  if (!/^[sr]k_test_\w+$/.test(key)) {
    throw unauthenticated(
      "Invalid API Key provided: the Stripe sandbox takes any key that starts with sk_test_.",
    );
  }
}

function assertVersion(version: string | undefined): void {
  if (version === undefined || version === apiVersion) return;
  const message = `The Stripe sandbox speaks API version ${apiVersion} only, not ${version}.`;
  throw new StripeFailure(400, { type: "invalid_request_error", message });
}

/** There is one account here: what is meant for another one must not be done in it. */
function assertOwnAccount(headers: ApiRequest["headers"]): void {
  for (const name of ["Stripe-Account", "Stripe-Context"]) {
    if (headers[name.toLowerCase()]) throw unsupported(`requests for another account (${name})`);
  }
}

function assertKeyLength(key: string | undefined): void {
  if (key === undefined || key.length <= 255) return;
  throw invalid("An idempotency key has at most 255 characters.");
}

function unknownRoute(request: ApiRequest): StripeFailure {
  const message = `Unrecognized request URL (${request.method}: ${request.path}), or one this sandbox does not serve.`;
  return new StripeFailure(404, { type: "invalid_request_error", message });
}
