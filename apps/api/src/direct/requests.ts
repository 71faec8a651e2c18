import type { IncomingMessage } from "node:http";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { largestBody } from "../largest-body.ts";

/** A request that is plainly one call. */
export type DirectCall = {
  /** `members.list`. */
  path: string;
  type: "query" | "mutation";
  /** In a batch of one: input and answer have an array's place around them. */
  isBatch: boolean;
  /** Of a query, the JSON in its address; undefined where there is none. */
  query: string | undefined;
};

const prefix = "/trpc/";

/**
 * What a request calls, when it has the plain form that tRPC's clients give to a single query or mutation. null for
 * everything else, which is for tRPC's own handler to answer: here nothing is refused, and nothing has been read yet.
 */
export function readDirectCall(router: AnyTRPCRouter, request: IncomingMessage): DirectCall | null {
  const { url = "", method, headers } = request;
  if (!url.startsWith(prefix)) return null;
  const mark = url.indexOf("?");
  const path = url.slice(prefix.length, mark < 0 ? undefined : mark);
  // Names that an address spells as they are: no escapes, no list, no dots that lead elsewhere.
  if (!/^\w+(?:\.\w+)*$/.test(path)) return null;
  const type = typeOf(router, path);
  if (!isPlain(headers) || !(type === "query" ? isPlainGet(method, headers) : isPlainPost(method, headers)))
    return null;
  const search = readSearch(mark < 0 ? "" : url.slice(mark + 1));
  if (type === null || search === null || (type === "mutation" && search.query !== undefined)) return null;
  return { path, type, ...search };
}

function typeOf(router: AnyTRPCRouter, path: string): DirectCall["type"] | null {
  const procedures = router._def.procedures as Readonly<Record<string, AnyTRPCProcedure>>;
  const type = procedures[path]?._def.type;
  return type === "query" || type === "mutation" ? type : null;
}

type Headers = IncomingMessage["headers"];

function isPlain(headers: Headers): boolean {
  const { host = "", accept = "", "content-type": contentType } = headers;
  return (
    headers["trpc-accept"] === undefined &&
    !accept.includes("jsonl") &&
    headers["content-encoding"] === undefined &&
    headers["transfer-encoding"] === undefined &&
    (contentType === undefined || /^application\/json(?:; ?charset=utf-8)?$/i.test(contentType)) &&
    // With another host no address can be built, which is an error of its own.
    /^[\w.:[\]-]+$/.test(host) &&
    URL.canParse(`http://${host}`)
  );
}

function isPlainGet(method: string | undefined, headers: Headers): boolean {
  return method === "GET" && headers["content-length"] === undefined;
}

function isPlainPost(method: string | undefined, headers: Headers): boolean {
  const length = headers["content-length"];
  return (
    method === "POST" &&
    headers["content-type"] !== undefined &&
    length !== undefined &&
    Number(length) <= largestBody
  );
}

/** Of the address's parameters, only these two, each as the clients write it. */
function readSearch(search: string): Pick<DirectCall, "isBatch" | "query"> | null {
  let isBatch = false;
  let query: string | undefined;
  for (const pair of search === "" ? [] : search.split("&")) {
    if (pair === "batch=1" && !isBatch) isBatch = true;
    else if (pair.startsWith("input=") && query === undefined && !/[+#]/.test(pair)) {
      query = decode(pair.slice("input=".length));
      if (query === undefined) return null;
    } else return null;
  }
  return { isBatch, query };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
