/**
 * The quickest way into a table that PostgreSQL has: COPY of 1,000 rows at a time, each committed, on as many connections
 * as the other side has callers. It knows no credential, no limit, no counter and no key that is there already.
 */
import { createHash } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import pg from "pg";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type Draw, type KeyForm } from "../draws.ts";

const rowsInACopy = 1_000;

const copyRows = `copy headroom.usage_event (organization_id, meter, key, received_on, id, quantity, mode, occurred_at,
  received_at, local_date, period_start, fingerprint, day_used, day_end, period_used, period_end) from stdin`;

/** What pg tells whoever runs a COPY over its protocol (pg has no such query itself). */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** One COPY, submitted like any query: the rows go out as soon as the server asks for them. */
function copy(client: pg.PoolClient, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query({
      submit: (connection: unknown) => (connection as CopyConnection).query(copyRows),
      handleCopyInResponse(connection: CopyConnection) {
        connection.sendCopyFromChunk(rows);
        connection.endCopyFrom();
      },
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => resolve(),
      handleError: reject,
    } satisfies pg.Submittable & Record<string, unknown>);
  });
}

/** The organizations' ids; rows come as a superuser, whom row security does not hold back. */
export const open: OpenSide<{ adminUrl: string; ids: string[]; keys: KeyForm; callers: number }> = async ({
  adminUrl,
  ids,
  keys,
  callers,
}) => {
  const pool = new pg.Pool({ connectionString: adminUrl, max: callers });
  pool.on("error", () => undefined);
  const draws = createDraws(ids.length, keys);
  const fingerprint = createHash("sha256").update("a payload").digest("hex");

  function lineOf({ organization, key, quantity }: Draw, now: string, day: string): string {
    return `${ids[organization]}\tpages\t${key}\t${day}\t${uuidv7()}\t${quantity}\trecord\t${now}\t${now}\t${day}\t${now}\t\\\\x${fingerprint}\t${quantity}\t${now}\t${quantity}\t${now}\n`;
  }

  async function store(): Promise<number> {
    const now = new Date().toISOString();
    const day = now.slice(0, 10);
    const lines = Array.from({ length: rowsInACopy }, () => lineOf(draws.next(), now, day));
    const client = await pool.connect();
    try {
      await copy(client, Buffer.from(lines.join("")));
    } finally {
      client.release();
    }
    return lines.length;
  }

  return {
    run: (seconds) => runCallers(callers, seconds, store),
    close: () => pool.end(),
  };
};
