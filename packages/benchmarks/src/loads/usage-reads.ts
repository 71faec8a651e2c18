/**
 * A load of usage reads over HTTP, each with the key of an organization at random. One call in fifty consumes a unit
 * first, which is not counted as an operation. Every read must see what was acknowledged to any caller before it began.
 */
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { secretOf } from "../draws.ts";
import { httpRequest, openConnection } from "../http-connections.ts";

export type UsageReads = { url: string; connections: number; organizations: number };

const reading = `/trpc/usage.get?batch=1&input=${encodeURIComponent('{"0":{}}')}`;
const consuming = "/trpc/usage.consume?batch=1";

export const open: OpenSide<UsageReads> = async ({ url, connections, organizations }) => {
  const known = Array.from({ length: organizations }, (_, place) => {
    const headers = { authorization: `Bearer ${secretOf(place)}` };
    return {
      acknowledged: 0,
      read: httpRequest("GET", `${url}${reading}`, headers),
      consume: httpRequest("POST", `${url}${consuming}`, headers, '{"0":{"quantity":1}}'),
    };
  });
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(url)));

  async function ask(): Promise<number> {
    const connection = free.pop();
    const organization = known[Math.floor(Math.random() * known.length)];
    if (connection === undefined || organization === undefined) throw new Error("nobody to ask as");
    if (Math.random() < 0.02) {
      const { status, body } = await connection.ask(organization.consume);
      if (status !== 200) throw new Error(`not consumed: ${status} ${body}`);
      organization.acknowledged += 1;
    }
    const least = organization.acknowledged;
    const { status, body } = await connection.ask(organization.read);
    const used = Number(/"meter":"pages","dailyUsed":(\d+)/.exec(body)?.[1]);
    if (status !== 200 || !(used >= least)) {
      throw new Error(`not fresh: ${least} units were acknowledged, the answer is ${status} ${body}`);
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
