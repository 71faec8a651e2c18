import {
  createTRPCClient,
  httpBatchLink,
  httpLink,
  httpSubscriptionLink,
  splitLink,
  type TRPCClient,
} from "@trpc/client";
import { eventSourceOver } from "./event-source.ts";
import { readForward } from "./paging.ts";
import { type CallResponse, responseLink } from "./responses.ts";
import type { AppRouter } from "./router.ts";

export type { CommitResult } from "./commits.ts";
export type { ErrorDetails } from "./error-details.ts";
export { type HeadroomError, type HeadroomErrorCode, isHeadroomError } from "./errors.ts";
export { isMeterError, type KeyedEvent, type MeterError, type MeterErrorCode } from "./meter-errors.ts";
export type { CallOptions, MeterOptions } from "./meter-options.ts";
export { type CheckResult, type ConsumeResult, createMeter, type Meter } from "./metering.ts";
export type { AskedInput, OnUnavailable, UnavailableEvent } from "./outages.ts";
export type { RecordResult } from "./record-entries.ts";
export type { ReleaseResult, ReservationOutcome, ReserveResult } from "./reservations.ts";
export type { CallResponse } from "./responses.ts";
export type { AppRouter } from "./router.ts";
export type {
  CheckAnswer,
  CheckInput,
  CommitAnswer,
  CommitInput,
  ConsumeAnswer,
  ConsumeInput,
  RecordInput,
  ReleaseAnswer,
  ReleaseInput,
  ReserveAnswer,
  ReserveInput,
  UsageClient,
  VoidAnswer,
  VoidInput,
} from "./usage-client.ts";

/** Who calls. A function is asked before each request, so that a token can be renewed. */
export type HeadroomCredential =
  | { /** A user's access token. */ token: string | (() => string | Promise<string>); apiKey?: never }
  | {
      /** `hr_live_…` or `hr_test_…`: for back ends only. */
      apiKey: string;
      token?: never;
      /** The user (`usr_…`) whom a platform key with the scope `impersonate` acts for. */
      onBehalfOf?: string;
    }
  | { token?: never; apiKey?: never };

export type HeadroomClientOptions = HeadroomCredential & {
  /** Where the api answers: `https://headroom.example.com`. */
  url: string;
  /** Sent with every request, after the credential. */
  headers?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>);
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch;
  /** Told how each query and mutation was answered: for a log, or a list of request ids. */
  onResponse?: (response: CallResponse) => void;
};

export type HeadroomClient = TRPCClient<AppRouter>;

const mostCallsInABatch = 50;

/**
 * A typed client: `client.members.list.query({ organizationId: "current" })`. Calls of one tick travel in one request.
 * A refusal rejects with an error for `isHeadroomError`. `client.events.subscribe` connects again by itself, and goes on
 * where it broke off.
 */
export function createHeadroomClient(options: HeadroomClientOptions): HeadroomClient {
  const url = `${options.url.replace(/\/+$/, "")}/trpc`;
  const headers = () => requestHeaders(options);
  const fetching = options.fetch === undefined ? {} : { fetch: options.fetch };
  return createTRPCClient<AppRouter>({
    links: [
      readForward,
      ...(options.onResponse === undefined ? [] : [responseLink(options.onResponse)]),
      splitLink({
        condition: ({ type }) => type === "subscription",
        true: httpSubscriptionLink({
          url,
          EventSource: eventSourceOver({ headers, fetch: options.fetch ?? globalThis.fetch }),
        }),
        false: splitLink({
          condition: ({ context }) => context.alone === true,
          true: httpLink({ url, headers, ...fetching }),
          false: httpBatchLink({
            url,
            maxItems: mostCallsInABatch,
            maxURLLength: 8_000,
            headers,
            ...fetching,
          }),
        }),
      }),
    ],
  });
}

async function requestHeaders(options: HeadroomClientOptions): Promise<Record<string, string>> {
  const more = typeof options.headers === "function" ? options.headers() : options.headers;
  return { ...(await credentialHeaders(options)), ...more };
}

async function credentialHeaders(options: HeadroomCredential): Promise<Record<string, string>> {
  if (options.token !== undefined) {
    const token = typeof options.token === "function" ? await options.token() : options.token;
    return { authorization: `Bearer ${token}` };
  }
  if (options.apiKey === undefined) return {};
  const authorization = { authorization: `Bearer ${options.apiKey}` };
  return options.onBehalfOf === undefined
    ? authorization
    : { ...authorization, "headroom-on-behalf-of": options.onBehalfOf };
}
