import http from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import type { AttemptError } from "@headroom/domain/webhooks";
import {
  findUrlFault,
  isPublicAddress,
  type OutboundPolicy,
  type Resolve,
  resolveBySystem,
} from "./outbound-addresses.ts";

export interface OutboundRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** From the first step to the answer's headers. */
  timeoutMs: number;
  /** Ends it early. */
  signal: AbortSignal;
}

/** Why there was no answer. `aborted`: the caller ended it. */
export type OutboundFailure = Exclude<AttemptError, "secret_unreadable"> | "aborted";

export type OutboundAnswer =
  | { status: number; retryAfter: string | null; error: null }
  | { status: null; retryAfter: null; error: OutboundFailure };

/** As much of an answer's body is read, and for so long, so that the receiver can end in peace. */
const mostRead = 1_024;
const longestReadMs = 1_000;

class RefusedAddressError extends Error {}

/**
 * Posts to an address that somebody else chose. The name is resolved and checked as the socket connects, and the socket
 * goes to the very addresses that were checked, so what the name meant before or means later does not matter. Follows
 * no redirect, uses no connection twice, and answers with the status alone. Never throws.
 */
export async function postOutside(
  request: OutboundRequest,
  policy: OutboundPolicy,
  resolve: Resolve = resolveBySystem,
): Promise<OutboundAnswer> {
  if (findUrlFault(request.url, policy) !== null) {
    return failed("url_refused");
  }
  const timeout = AbortSignal.timeout(request.timeoutMs);
  try {
    return await send(request, AbortSignal.any([timeout, request.signal]), guard(policy, resolve));
  } catch (error) {
    if (request.signal.aborted) {
      return failed("aborted");
    }
    return failed(timeout.aborted ? "timeout" : classify(error));
  }
}

function send(
  request: OutboundRequest,
  signal: AbortSignal,
  lookup: LookupFunction,
): Promise<OutboundAnswer> {
  const { url, headers, body } = request;
  const { request: open } = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body));
    const options = {
      method: "POST",
      headers: { ...headers, "content-length": length },
      agent: false,
      lookup,
      signal,
    };
    open(url, options, (response) => {
      resolve({
        status: response.statusCode ?? 0,
        retryAfter: response.headers["retry-after"] ?? null,
        error: null,
      });
      discard(response);
    })
      .on("error", reject)
      .end(body);
  });
}

/** Reads a little, so that a short answer ends well, and hangs up on a long one. */
function discard(response: http.IncomingMessage): void {
  let read = 0;
  const timer = setTimeout(() => response.destroy(), longestReadMs).unref();
  response
    .on("data", (chunk: Buffer) => {
      read += chunk.length;
      if (read > mostRead) {
        response.destroy();
      }
    })
    .on("error", () => {})
    .on("close", () => clearTimeout(timer));
}

/** A socket's lookup that answers checked addresses only. One inside address among several refuses them all. */
function guard(policy: OutboundPolicy, resolve: Resolve): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        const isRefused = addresses.some(({ address }) => !isPublicAddress(address));
        if (first === undefined || (isRefused && !policy.allowInternal)) {
          done(new RefusedAddressError("the name stands for an inside address"), "", 0);
        } else if (options.all) {
          done(null, addresses);
        } else {
          done(null, first.address, first.family);
        }
      },
      (error: NodeJS.ErrnoException) => done(error, "", 0),
    );
  };
}

function failed(error: OutboundFailure): OutboundAnswer {
  return { status: null, retryAfter: null, error };
}

function classify(error: unknown): OutboundFailure {
  const { code = "", syscall = "" } = error as NodeJS.ErrnoException;
  if (error instanceof RefusedAddressError) {
    return "address_refused";
  }
  if (syscall === "getaddrinfo" || code === "ENOTFOUND") {
    return "host_not_found";
  }
  return /CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO/.test(code) ? "tls_failed" : "connection_failed";
}
