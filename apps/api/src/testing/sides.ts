import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answerTrpc, answerTrpcDirectly } from "../trpc-answers.ts";
import { shapes } from "./shapes.ts";

export type Side = {
  port: number;
  /** What happened, by the request's header `x-trace`. */
  traces: Map<string, unknown[]>;
  /** How many requests took the fast path. */
  direct: number;
  close(): void;
};

/** The shapes behind tRPC's handler alone, or with the fast path beside it; neither with anything around them. */
export async function startSide(isDirect: boolean): Promise<Side> {
  const traces = new Map<string, unknown[]>();
  const server = createServer((request, response) => {
    const events: unknown[] = [];
    traces.set(String(request.headers["x-trace"]), events);
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableEnded) gone.abort();
    });
    const createContext = () => {
      events.push("context");
      if (request.headers["x-context"] === "fails") throw new Error("no context");
      return {
        trace: (event: string, value?: unknown) => void events.push([event, value]),
        response,
        authorization: request.headers.authorization,
        signal: gone.signal,
      };
    };
    const exchange = { router: shapes, request, response, createContext };
    const answered = isDirect ? answerTrpcDirectly(exchange) : null;
    if (answered !== null) side.direct += 1;
    const { pathname } = new URL(`http://api${request.url}`);
    void (answered ?? answerTrpc(exchange, pathname.slice("/trpc/".length)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => server.close().closeAllConnections();
  const side: Side = { port: (server.address() as AddressInfo).port, traces, direct: 0, close };
  return side;
}
