/** Stripe, for either side: posts signed events on so many connections, and looks for what was acknowledged. */
import pg from "pg";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { openConnection } from "../http-connections.ts";
import { createEvents } from "../stripe-events.ts";

export const open: OpenSide<{ url: string; adminUrl: string; connections: number }> = async ({
  url,
  adminUrl,
  connections,
}) => {
  const free = await Promise.all(Array.from({ length: connections }, () => openConnection(url)));
  const events = createEvents(url);
  const kept = new Set<string>();

  async function post(): Promise<number> {
    const connection = free.pop();
    if (connection === undefined) throw new Error("there are more callers than connections");
    const event = events.next();
    const { status, body } = await connection.ask(event.request);
    if (status !== 200) throw new Error(`not acknowledged: ${status} ${body}`);
    kept.add(event.id);
    events.acknowledge(event);
    free.push(connection);
    return 1;
  }

  return {
    run: (seconds) => runCallers(connections, seconds, post),
    verify: () => lookFor(adminUrl, [...kept]),
    close: async () => {
      for (const connection of free) connection.close();
    },
  };
};

/** @throws Error unless each is there exactly once, and nothing else */
async function lookFor(adminUrl: string, ids: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query(
      `select count(*)::integer as once, (select count(*) from headroom.stripe_inbox)::integer as stored
        from unnest($1::text[]) as k (id)
        where (select count(*) from headroom.stripe_inbox i where i.event_id = k.id) = 1`,
      [ids],
    );
    const { once, stored } = rows[0];
    if (once !== ids.length || stored !== ids.length)
      throw new Error(
        `${ids.length} events were acknowledged, ${once} are there once, ${stored} rows in all`,
      );
  } finally {
    await client.end();
  }
}
