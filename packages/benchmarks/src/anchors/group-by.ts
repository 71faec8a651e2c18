/**
 * The plainest way to sum usage up: one GROUP BY over the events, by what a tally is kept for. Nothing is written, and no
 * more than one row leaves the server. PostgreSQL chooses the plan, and may use its parallel workers.
 */
import pg from "pg";
import type { OpenSide } from "../benchmark.ts";
import { runCallers } from "../callers.ts";

const groupBy = `
  select count(*) as groups, sum(quantity) as quantity, sum(events) as events from (
    select organization_id, meter, member_id, local_date, period_start, sum(quantity) as quantity,
        sum(over_cap) as over_cap, count(*) as events
      from headroom.usage_event
      group by organization_id, meter, member_id, local_date, period_start
  ) tally`;

/** As a superuser: row security is not asked. */
export const open: OpenSide<{ adminUrl: string }> = async ({ adminUrl }) => {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  client.on("error", () => undefined);
  return {
    run: (seconds) =>
      runCallers(1, seconds, async () => {
        await client.query(groupBy);
        return 1;
      }),
    close: () => client.end(),
  };
};
