/** The worker's roll-up of received days: tallied, with a digest of every event, written, and sealed. */
import { createDatabase } from "@headroom/db/client";
import { rollUpDays } from "@headroom/service/metering";
import pg from "pg";
import type { OpenSide, Sample } from "../benchmark.ts";
import { spreadOf } from "../statistics.ts";

/** `days`: of so many days before today, the last ones, each time. */
export const open: OpenSide<{ url: string; adminUrl: string; days: number }> = async (parameters) => {
  const { url, adminUrl, days } = parameters;
  const db = createDatabase({ connectionString: url, role: "hr_worker", applicationName: "bench" });
  const admin = new pg.Pool({ connectionString: adminUrl, max: 1 });
  admin.on("error", () => undefined);

  // As the days were before: without tallies and a seal. Not timed.
  async function reset(): Promise<void> {
    if (days > 1) await admin.query("truncate headroom.usage_tally");
    await admin.query(
      `with unsealed as (
          update headroom.usage_partition set sealed_at = null
            where received_on >= (clock_timestamp() at time zone 'UTC')::date - $1::integer and events > 0
            returning received_on)
        delete from headroom.usage_tally where received_on in (select received_on from unsealed)`,
      [days],
    );
    await admin.query("vacuum analyze headroom.usage_tally");
  }

  async function rollUp(): Promise<number> {
    const began = performance.now();
    const rolled = await rollUpDays({ db });
    if (rolled !== days) throw new Error(`${rolled} days were rolled up instead of ${days}`);
    return performance.now() - began;
  }

  async function run(seconds: number): Promise<Sample> {
    const until = performance.now() + seconds * 1_000;
    const times: number[] = [];
    while (times.length === 0 || performance.now() < until) {
      await reset();
      times.push(await rollUp());
    }
    const sum = times.reduce((total, one) => total + one, 0);
    return { operations: times.length, seconds: sum / 1_000, p50: spreadOf(times).median };
  }

  return {
    run,
    verify: () => (days > 1 ? compareWithEvents(admin) : Promise.resolve()),
    async close() {
      await db.close();
      await admin.end();
    },
  };
};

const differences = `
  select count(*)::integer as count from (
    select organization_id, meter, member_id, received_on, local_date, period_start, quantity, over_cap, events
      from headroom.usage_tally
  ) t full join (
    select organization_id, meter, coalesce(member_id, '00000000-0000-0000-0000-000000000000') as member_id, received_on,
        local_date, period_start, sum(quantity) as quantity, sum(over_cap) as over_cap, count(*) as events
      from headroom.usage_event group by 1, 2, 3, 4, 5, 6
  ) e using (organization_id, meter, member_id, received_on, local_date, period_start)
  where (t.quantity, t.over_cap, t.events) is distinct from (e.quantity, e.over_cap, e.events)`;

/** Row for row, in both directions; and every day by the product's own check, which compares the digests too. */
async function compareWithEvents(admin: pg.Pool): Promise<void> {
  const { rows } = await admin.query(differences);
  if (rows[0].count > 0) throw new Error(`${rows[0].count} tallies are not what a GROUP BY says`);
  const checked = await admin.query(
    "select count(*)::integer as count from headroom.usage_partition, headroom.day_differences(received_on, true) where events > 0",
  );
  if (checked.rows[0].count > 0) throw new Error("verify finds tallies that differ from their events");
}
