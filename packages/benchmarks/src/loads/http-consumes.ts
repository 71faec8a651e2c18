/** A load of consume calls over HTTP: our api over tRPC or REST, or the naive server. Each event is a draw. */
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type Draw, secretOf } from "../draws.ts";
import { httpRequest, openConnection } from "../http-connections.ts";
import { openReceipts } from "../receipts.ts";

export type HttpConsumes = {
  url: string;
  adminUrl: string;
  ids: string[];
  /** Of the first of `ids`: where its key is among all that were made (`secretOf`). */
  firstPlace: number;
  connections: number;
  form: keyof typeof forms;
};

const forms = {
  trpc: { path: "/trpc/usage.consume?batch=1", body: inBatch },
  rest: {
    path: "/v1/usage/consume",
    body: ({ quantity, key }: Draw) => ({ quantity, idempotency_key: key }),
  },
  naive: { path: "/consume?batch=1", body: inBatch },
} as const;

function inBatch({ quantity, key }: Draw) {
  return { 0: { quantity, idempotencyKey: key } };
}

export const open: OpenSide<HttpConsumes> = async (side) => {
  const { url, adminUrl, ids, firstPlace, connections, form } = side;
  const { path, body } = forms[form];
  // Written once, up to the body: the load takes its time from the servers, that share its processors.
  const heads = ids.map((_, place) => {
    const headers = { authorization: `Bearer ${secretOf(firstPlace + place)}` };
    return httpRequest("POST", `${url}${path}`, { ...headers, "content-type": "application/json" }).slice(
      0,
      -2,
    );
  });
  const draws = createDraws(ids.length, "uuidv7");
  const receipts = await openReceipts(adminUrl, ids);
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(url)));

  async function take(): Promise<number> {
    const connection = free.pop();
    if (connection === undefined) throw new Error("there are more callers than connections");
    const draw = draws.next();
    const sent = JSON.stringify(body(draw));
    const request = `${heads[draw.organization]}content-length: ${sent.length}\r\n\r\n${sent}`;
    const answer = await connection.ask(request);
    if (answer.status !== 200 || !isRight(answer.body, draw))
      throw new Error(`wrong answer: ${answer.status} ${answer.body}`);
    free.push(connection);
    receipts.keep(draw);
    draws.acknowledge(draw);
    return 1;
  }

  return {
    run: (seconds) => runCallers(connections, seconds, take),
    verify: () => receipts.verify(),
    async close() {
      for (const connection of free) connection.close();
    },
  };
};

/** Parsing would cost the load more than the api needs to write it. */
function isRight(body: string, { replay }: Draw): boolean {
  return body.includes('"allowed":true') && body.includes(`"duplicate":${replay}`);
}
