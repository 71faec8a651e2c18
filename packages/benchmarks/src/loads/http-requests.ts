/** A load of requests over HTTP, each one of a list at random, whose answers must hold what the list says. */
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { httpRequest, openConnection } from "../http-connections.ts";

/** One request, and texts that its answer holds. */
export interface KnownRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
  expected: string[];
}

export type HttpRequests = { url: string; connections: number; requests: KnownRequest[] };

export const open: OpenSide<HttpRequests> = async ({ url, connections, requests }) => {
  const known = requests.map(({ method, path, headers, body, expected }) => ({
    text: httpRequest(method, `${url}${path}`, headers, body),
    expected,
  }));
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(url)));

  async function ask(): Promise<number> {
    const connection = free.pop();
    const request = known[Math.floor(Math.random() * known.length)];
    if (connection === undefined || request === undefined) throw new Error("nothing to ask with");
    const { status, body } = await connection.ask(request.text);
    if (status !== 200 || !request.expected.every((text) => body.includes(text))) {
      throw new Error(`wrong answer: ${status} ${body}`);
    }
    free.push(connection);
    return 1;
  }

  return {
    run: (seconds) => runCallers(connections, seconds, ask),
    async close() {
      for (const connection of free) connection.close();
    },
  };
};
