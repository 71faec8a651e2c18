/** The naive transaction, called by so many at once in one process. */
import type { DB } from "@headroom/db/schema";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";
import { createDraws, type KeyForm } from "../draws.ts";
import { openReceipts } from "../receipts.ts";
import { createNaive } from "./naive-transaction.ts";

const int8 = 20;

export const open: OpenSide<{ adminUrl: string; ids: string[]; keys: KeyForm; callers: number }> = async ({
  adminUrl,
  ids,
  keys,
  callers,
}) => {
  const types = new pg.TypeOverrides();
  types.setTypeParser(int8, Number);
  const pool = new pg.Pool({
    connectionString: adminUrl,
    max: 8,
    options: "-c search_path=headroom -c timezone=UTC",
    types,
  });
  pool.on("error", () => undefined);
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) });
  const consume = createNaive(kysely);
  const draws = createDraws(ids.length, keys);
  const receipts = await openReceipts(adminUrl, ids);

  async function take(): Promise<number> {
    const draw = draws.next();
    const { key, quantity } = draw;
    const answer = await consume({ organizationId: ids[draw.organization] as string, key, quantity });
    if (!answer.allowed || answer.duplicate !== draw.replay)
      throw new Error(`wrong: ${JSON.stringify(answer)}`);
    receipts.keep(draw);
    draws.acknowledge(draw);
    return 1;
  }

  return {
    run: (seconds) => runCallers(callers, seconds, take),
    verify: () => receipts.verify(),
    close: () => kysely.destroy(),
  };
};
