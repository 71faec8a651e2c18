/**
 * What batching alone can do: many callers, whose events gather while a statement runs and are stored by the next one. It
 * knows no credential, no limit and no counter; a key that is there already is left alone.
 */
import { createHash } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import pg from "pg";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type Draw, type KeyForm } from "../draws.ts";

const most = 512;

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
  const waiting: { draw: Draw; stored: () => void; failed: (error: unknown) => void }[] = [];
  let running = false;

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most);
      try {
        await store(batch.map(({ draw }) => draw));
        for (const { stored } of batch) stored();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    running = false;
  }

  async function store(rows: readonly Draw[]): Promise<void> {
    await pool.query({
      ...insert,
      values: [
        rows.map(({ organization }) => ids[organization]),
        rows.map(({ key }) => key),
        rows.map(() => uuidv7()),
        rows.map(({ quantity }) => quantity),
        rows.map(({ quantity }) => createHash("sha256").update(JSON.stringify({ quantity })).digest()),
      ],
    });
  }

  async function append(): Promise<number> {
    const draw = draws.next();
    await new Promise<void>((stored, failed) => {
      waiting.push({ draw, stored, failed });
      if (running) return;
      running = true;
      setImmediate(() => void drain());
    });
    draws.acknowledge(draw);
    return 1;
  }

  return {
    run: (seconds) => runCallers(callers, seconds, append),
    close: () => pool.end(),
  };
};
