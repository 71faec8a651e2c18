import type { ErrorCode } from "@headroom/domain/errors";
import { snakeCase, toWire } from "../rest/names.ts";
import { createRouteTable, type Operation, parametersOf } from "../rest/table.ts";
import { appRouter } from "../router.ts";

/** A call that is to be refused: by a procedure, or before one is reached. */
export type RefusedCall = {
  /** The api that is asked. */
  url: string;
  /** A token or an API key. */
  as?: string | null;
  headers?: Record<string, string>;
} & ({ procedure: string; input: object } | { rest: Plain; trpc: Plain });

type Plain = { method: string; path: string };

export type Answer = { status: number; headers: Headers; body: Record<string, unknown> };

const table = createRouteTable(appRouter);

/** The procedure's operation. @throws Error when REST does not have it */
export function operationOf(procedure: string): Operation {
  const operation = table.operations.find((one) => one.procedure === procedure);
  if (operation === undefined) throw new Error(`REST has no ${procedure}`);
  return operation;
}

/** Whether a call of the procedure carries a body. */
export function hasBody({ methods }: Operation): boolean {
  return methods[0] !== "GET" && methods[0] !== "DELETE";
}

/** Makes the call over REST. */
export async function askRest(call: RefusedCall): Promise<Answer> {
  if ("rest" in call) return send(call, call.rest.method, `/v1${call.rest.path}`);
  const operation = operationOf(call.procedure);
  const wire = toWire(operation.inputNames, call.input) as Record<string, unknown>;
  const [path = "/", method = "GET"] = [operation.paths[0], operation.methods[0]];
  const inPath = new Set(parametersOf(path));
  const rest = Object.entries(wire).filter(([name]) => !inPath.has(name));
  const address = path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(String(wire[name])));
  if (hasBody(operation)) return send(call, method, `/v1${address}`, Object.fromEntries(rest));
  const query = new URLSearchParams(rest.map(([name, value]): [string, string] => [name, String(value)]));
  return send(call, method, `/v1${address}?${query}`);
}

/** Makes the same call over tRPC. */
export async function askTrpc(call: RefusedCall): Promise<Answer> {
  if ("trpc" in call) return send(call, call.trpc.method, `/trpc${call.trpc.path}`);
  const { type } = operationOf(call.procedure);
  if (type === "mutation") return send(call, "POST", `/trpc/${call.procedure}`, call.input);
  const input = encodeURIComponent(JSON.stringify(call.input));
  return send(call, "GET", `/trpc/${call.procedure}?input=${input}`);
}

async function send(call: RefusedCall, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${call.url}${path}`, {
    method,
    headers: {
      ...(call.as ? { authorization: `Bearer ${call.as}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

/** Names of details as the wire spells them. */
export function spelledNames(details: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(details).map(snakeCase).toSorted();
}

/** What tRPC tells of a refusal. */
export type Told = { reason: ErrorCode; httpStatus: number; details: Record<string, unknown> };
