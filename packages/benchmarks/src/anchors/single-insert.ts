/** One durable insert: a row of the event table in a statement and a commit of its own, by so many callers. */
import { createHash } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import pg from "pg";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type KeyForm } from "../draws.ts";

const insert = {
  name: "insert",
  text: `insert into headroom.usage_event (organization_id, meter, key, received_on, id, quantity, mode, occurred_at,
      received_at, local_date, period_start, fingerprint, day_used, daily_limit, day_end, period_used, period_end,
      included, hard_cap)
    values ($1, 'pages', $2, current_date, $3, $4, 'reject', now(), now(), current_date,
      date_trunc('month', now()), $5, $4, 1000000000000, current_date + 1, $4,
      date_trunc('month', now()) + interval '1 month', 1000000000000, 1000000000000)
    on conflict do nothing`,
};

/** The organizations' ids; writes to the table as a superuser: row security is not asked. */
export const open: OpenSide<{ adminUrl: string; ids: string[]; keys: KeyForm; callers: number }> = async ({
  adminUrl,
  ids,
  keys,
  callers,
}) => {
  const pool = new pg.Pool({ connectionString: adminUrl, max: 8, options: "-c timezone=UTC" });
  pool.on("error", () => undefined);
  const draws = createDraws(ids.length, keys);

  async function store(): Promise<number> {
    const draw = draws.next();
    const { organization, key, quantity } = draw;
    const fingerprint = createHash("sha256").update(JSON.stringify({ quantity })).digest();
    await pool.query({ ...insert, values: [ids[organization], key, uuidv7(), quantity, fingerprint] });
    draws.acknowledge(draw);
    return 1;
  }

  return {
    run: (seconds) => runCallers(callers, seconds, store),
    close: () => pool.end(),
  };
};
