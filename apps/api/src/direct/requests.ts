import type { IncomingMessage } from "node:http";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { largestBody } from "../largest-body.ts";

/** A request that is plainly one call, or a batch of some. */
export type DirectCall = {
  /** `members.list`; of a batch several. */
  paths: string[];
  type: "query" | "mutation";
  /** Inputs and answers have an array's places around them. */
  isBatch: boolean;
  /** Of a query, the JSON in its address; undefined where there is none. */
  query: string | undefined;
};

export const mostCallsInABatch = 50;

const prefix = "/trpc/";

/**
 * What a request calls, when it has the plain form that tRPC's clients give to queries or to mutations. null for everything
 * else, which is for tRPC's own handler to answer: here nothing is refused, and nothing has been read yet.
 */
export function readDirectCall(router: AnyTRPCRouter, request: IncomingMessage): DirectCall | null {
  const { url = "", method, headers } = request;
  if (!url.startsWith(prefix)) return null;
  const mark = url.indexOf("?");
  const list = url.slice(prefix.length, mark < 0 ? undefined : mark);
  // Names that an address spells as they are: no escapes, no dots that lead elsewhere.
  if (!/^\w+(?:\.\w+)*(?:,\w+(?:\.\w+)*)*$/.test(list)) return null;
  const paths = list.split(",");
  const type = typeOf(router, paths);
  if (!isPlain(headers) || !(type === "query" ? isPlainGet(method, headers) : isPlainPost(method, headers)))
    return null;
  const search = readSearch(mark < 0 ? "" : url.slice(mark + 1));
  if (type === null || search === null || (type === "mutation" && search.query !== undefined)) return null;
  if (paths.length > (search.isBatch ? mostCallsInABatch : 1)) return null;
  return { paths, type, ...search };
}

/** null: there is no such procedure, or they are not all of one kind. */
function typeOf(router: AnyTRPCRouter, paths: string[]): DirectCall["type"] | null {
  const procedures = router._def.procedures as Readonly<Record<string, AnyTRPCProcedure>>;
  const type = procedures[paths[0] as string]?._def.type;
  if (paths.some((path) => procedures[path]?._def.type !== type)) return null;
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
    isHost(host)
  );
}

let latestHost = "";

/** With another host no address can be built, which is an error of its own. Most callers name the same one. */
function isHost(host: string): boolean {
  if (host === latestHost) return host !== "";
  if (!/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`)) return false;
  latestHost = host;
  return true;
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
