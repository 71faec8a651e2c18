/** A load of HTTP requests that are the same each time: so many connections, each asking again when it was answered. */
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { secretOf } from "../draws.ts";
import { httpRequest, openConnection } from "../http-connections.ts";

export type HttpCalls = {
  url: string;
  /** As tRPC's clients ask: the path with its parameters. */
  path: string;
  connections: number;
  /** How many organizations' keys are presented, in turn; 0: none. */
  keys: number;
  /** A text that every answer holds. */
  expected: string;
};

export const open: OpenSide<HttpCalls> = async ({ url, path, connections, keys, expected }) => {
  const headersOf = (place: number) => ({ authorization: `Bearer ${secretOf(place)}` });
  const requests = Array.from({ length: Math.max(1, keys) }, (_, place) =>
    httpRequest("GET", `${url}${path}`, keys === 0 ? {} : headersOf(place)),
  );
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(url)));
  let asked = 0;

  async function ask(): Promise<number> {
    const connection = free.pop();
    if (connection === undefined) throw new Error("there are more callers than connections");
    asked += 1;
    const { status, body } = await connection.ask(requests[asked % requests.length] ?? "");
    if (status !== 200 || !body.includes(expected)) throw new Error(`wrong answer: ${status} ${body}`);
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
