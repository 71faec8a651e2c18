/**
 * What PostgreSQL can store at all: rows of the event table, 1,000 in a statement, on two connections that do nothing
 * else. It knows no credential, no limit and no counter; a key that is there already is left alone.
 */
import { createHash } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import pg from "pg";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type KeyForm } from "../draws.ts";

const rowsInAStatement = 1_000;
const connections = 2;

const insert = {
  name: "insert",
  text: `insert into headroom.usage_event (organization_id, meter, key, received_on, id, quantity, mode, occurred_at,
      received_at, local_date, period_start, fingerprint, day_used, daily_limit, day_end, period_used, period_end,
      included, hard_cap)
    select organization, 'pages', key, current_date, id, quantity, 'reject', now(), now(), current_date,
      date_trunc('month', now()), fingerprint, quantity, 1000000000000, current_date + 1, quantity,
      date_trunc('month', now()) + interval '1 month', 1000000000000, 1000000000000
    from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::bytea[]) as e (organization, key, id, quantity,
      fingerprint)
    on conflict do nothing`,
};

/** The organizations' ids; callers in the table as a superuser: row security is not asked. */
export const open: OpenSide<{ adminUrl: string; ids: string[]; keys: KeyForm }> = async ({
  adminUrl,
  ids,
  keys,
}) => {
  const pool = new pg.Pool({ connectionString: adminUrl, max: connections, options: "-c timezone=UTC" });
  pool.on("error", () => undefined);
  const draws = createDraws(ids.length, keys);
  const fingerprint = createHash("sha256").update("a payload").digest();

  async function store(): Promise<number> {
    const rows = Array.from({ length: rowsInAStatement }, () => draws.next());
    await pool.query({
      ...insert,
      values: [
        rows.map(({ organization }) => ids[organization]),
        rows.map(({ key }) => key),
        rows.map(() => uuidv7()),
        rows.map(({ quantity }) => quantity),
        rows.map(() => fingerprint),
      ],
    });
    for (const row of rows) draws.acknowledge(row);
    return rows.length;
  }

  return {
    run: (seconds) => runCallers(connections, seconds, store),
    close: () => pool.end(),
  };
};
