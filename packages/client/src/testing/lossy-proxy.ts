import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/**
 * What happens to a request: it passes; its answer is lost after the server has acted; nobody hears it; the server's
 * front refuses it; it takes some milliseconds longer.
 */
export type Fate = "pass" | "lose" | "drop" | "busy" | number;

/** Stands before a server. `fates` are those of the next requests, in their order; the last one stays. */
export async function startLossyProxy(target: string) {
  const state = { fates: ["pass"] as Fate[], requests: [] as string[] };
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    state.requests.push(body.toString());
    const fate = (state.fates.length > 1 ? state.fates.shift() : state.fates[0]) ?? "pass";
    if (fate === "drop") return request.socket.destroy();
    if (fate === "busy") return response.writeHead(503, { "content-type": "text/html" }).end("<html>");
    if (typeof fate === "number") await new Promise((resolve) => setTimeout(resolve, fate));
    const { authorization = "" } = request.headers;
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? "POST",
      headers: { "content-type": "application/json", authorization },
      ...(request.method === "GET" ? {} : { body }),
    });
    const text = await answer.text();
    if (fate === "lose") return request.socket.destroy();
    return response.writeHead(answer.status, { "content-type": "application/json" }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
