import type pg from "pg";
import { withClient } from "./clients.ts";
import type { Draw } from "./draws.ts";

/** What a side was told is stored: looked for, one by one, after PostgreSQL was cut off and started again. */
export interface Receipts {
  /** An answer came: these units are counted, once. */
  keep(draw: Draw): void;
  /** @throws Error where a key is gone, or events, counters and what was admitted are not the same */
  verify(): Promise<void>;
}

const keysInAStatement = 10_000;

/** @param ids of the organizations that the side, and nobody else, sends events of from now on */
export async function openReceipts(adminUrl: string, ids: readonly string[]): Promise<Receipts> {
  const kept: Draw[] = [];
  const before = await withClient(adminUrl, readSums);
  let admitted = 0;

  async function lookForKeys(client: pg.Client): Promise<void> {
    for (let from = 0; from < kept.length; from += keysInAStatement) {
      const some = kept.slice(from, from + keysInAStatement);
      const { rows } = await client.query(
        `select count(*)::integer as missing from unnest($1::uuid[], $2::text[], $3::bigint[]) as k (id, key, quantity)
          where not exists (select from headroom.usage_event e where e.organization_id = k.id and e.meter = 'pages'
            and e.key = k.key and e.quantity = k.quantity and e.received_on >= current_date - 1)`,
        [
          some.map(({ organization }) => ids[organization]),
          some.map(({ key }) => key),
          some.map(({ quantity }) => quantity),
        ],
      );
      if (rows[0].missing > 0) throw new Error(`${rows[0].missing} acknowledged events are gone`);
    }
  }

  async function readSums(client: pg.Client): Promise<number[]> {
    const { rows } = await client.query(
      `select (select coalesce(sum(quantity), 0) from headroom.usage_event where organization_id = any($1)) as events,
          sum(day_used) as days, sum(period_used) as periods
        from headroom.usage_gate where organization_id = any($1)`,
      [ids],
    );
    return Object.values(rows[0] as Record<string, string>).map(Number);
  }

  async function compareSums(client: pg.Client): Promise<void> {
    const sums = (await readSums(client)).map((sum, index) => sum - (before[index] ?? 0));
    if (sums.some((sum) => sum !== admitted)) {
      throw new Error(`admitted ${admitted} units, but events, days and periods count ${sums.join(", ")}`);
    }
  }

  return {
    keep(draw) {
      if (draw.replay) return;
      kept.push(draw);
      admitted += draw.quantity;
    },
    verify: () =>
      withClient(adminUrl, async (client) => {
        await lookForKeys(client);
        await compareSums(client);
      }),
  };
}
