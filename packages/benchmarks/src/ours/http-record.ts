/** `usage.record` of 1,000 events over HTTP: parsed, validated, authenticated, deduplicated, counted, answered each. */
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type Draw, type KeyForm, secretOf } from "../draws.ts";
import { httpRequest, openConnection } from "../http-connections.ts";
import { openReceipts } from "../receipts.ts";

const eventsInACall = 1_000;

export type RecordParameters = {
  url: string;
  api: string;
  adminUrl: string;
  ids: string[];
  keys: KeyForm;
  callers: number;
};

/** Each caller records for one organization after the other. */
export const open: OpenSide<RecordParameters> = async ({ api, adminUrl, ids, keys, callers }) => {
  const receipts = await openReceipts(adminUrl, ids);
  const draws = ids.map(() => createDraws(1, keys));
  const idle = await Promise.all(Array.from({ length: callers }, () => openConnection(api)));
  let turn = 0;

  async function record(): Promise<number> {
    const organization = turn++ % ids.length;
    const own = draws[organization] as (typeof draws)[number];
    const events = Array.from({ length: eventsInACall }, (): Draw => ({ ...own.next(), organization }));
    const connection = idle.pop();
    if (connection === undefined) throw new Error("there are more callers than connections");
    const body = JSON.stringify({
      events: events.map(({ key, quantity }) => ({ idempotencyKey: key, quantity })),
    });
    const headers = { authorization: `Bearer ${secretOf(organization)}` };
    const answer = await connection.ask(httpRequest("POST", `${api}/trpc/usage.record`, headers, body));
    idle.push(connection);
    accept(events, answer);
    return events.length;
  }

  function accept(events: readonly Draw[], { status, body }: { status: number; body: string }): void {
    if (status !== 200) throw new Error(`${status} ${body}`);
    const { results } = JSON.parse(body).result.data as { results: { status: string }[] };
    for (const [index, draw] of events.entries()) {
      if (results[index]?.status !== (draw.replay ? "duplicate" : "recorded"))
        throw new Error(`wrong answer: ${JSON.stringify(results[index])}`);
      receipts.keep(draw);
      draws[draw.organization]?.acknowledge(draw);
    }
  }

  return {
    run: (seconds) => runCallers(callers, seconds, record),
    verify: () => receipts.verify(),
    async close() {
      for (const connection of idle) connection.close();
    },
  };
};
