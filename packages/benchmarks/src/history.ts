import { createDatabase } from "@headroom/db/client";
import { learnDays, rollUpDays } from "@headroom/service/metering";
import pg from "pg";
import type { StageDatabase } from "./stage.ts";

/** How much there was before today. */
export interface History {
  events: number;
  /** Days before today that they are spread over, evenly. */
  days: number;
  /** Members of each organization that the events are of; 0: of none. */
  members?: number;
}

/**
 * Stores events of earlier days, as they came: over all organizations, in the order of time, every second one with an
 * opaque key, the others with a UUIDv7. Each day's table is written whole, then indexed, then attached. Gates count
 * what is of their running period; tallies are left to the product.
 */
export async function fillHistory(
  database: StageDatabase,
  ids: readonly string[],
  { events, days, members = 0 }: History,
): Promise<void> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    for (let ago = days; ago >= 1; ago -= 1) {
      const { rows } = await client.query<{ day: string }>(
        "select ((clock_timestamp() at time zone 'UTC')::date - $1::integer)::text as day",
        [ago],
      );
      await fillDay(client, rows[0]?.day as string, ids, { events: Math.round(events / days), members });
    }
    await client.query(countInGates);
  } finally {
    await client.end();
  }
}

/** Tallies the days that have ended, and learns their keys, as the worker does by itself every minute. */
export async function keepUp({ url }: StageDatabase): Promise<void> {
  const db = createDatabase({ connectionString: url, role: "hr_worker", applicationName: "bench" });
  try {
    await rollUpDays({ db });
    await learnDays({ db });
  } finally {
    await db.close();
  }
}

async function fillDay(
  client: pg.Client,
  day: string,
  ids: readonly string[],
  { events, members }: { events: number; members: number },
): Promise<void> {
  const name = `headroom.usage_event_${day.replaceAll("-", "")}`;
  await client.query(`begin; set local maintenance_work_mem = '1GB'; set local max_parallel_maintenance_workers = 0;
    drop table if exists ${name};
    create table ${name} (like headroom.usage_event including defaults including constraints);
    alter table ${name} owner to hr_owner`);
  await client.query(insertInto(name), [day, events, ids, members]);
  await client.query(`alter table ${name} add primary key (organization_id, meter, key, received_on);
    alter table ${name} enable row level security; alter table ${name} force row level security;
    alter table ${name} add check (received_on >= '${day}' and received_on < date '${day}' + 1);
    alter table headroom.usage_event attach partition ${name} for values from ('${day}') to (date '${day}' + 1);
    insert into headroom.usage_partition (received_on) values ('${day}') on conflict do nothing;
    commit`);
  await client.query(`vacuum (freeze, analyze) ${name}`);
}

// The organizations are all in the same period; what is older than that is of the month before.
const insertInto = (table: string) => `
  insert into ${table} (organization_id, meter, key, received_on, id, quantity, mode, member_id, occurred_at, received_at,
      local_date, period_start, fingerprint, api_key_id, day_used, daily_limit, day_end, period_used, period_end,
      included, hard_cap)
    select e.organization_id, 'pages', case when n % 2 = 0 then 'order-' || md5(e.id::text) else e.id::text end,
      $1::date, e.id, 1 + n % 9, 'reject', case when $4 > 0 then md5((n % $4)::text)::uuid end, e.at, e.at, $1::date,
      p.start, '\\x4d7f2f0e8c2b4c0f9a7e6d5c4b3a29181706f5e4d3c2b1a09f8e7d6c5b4a3928', e.organization_id,
      1 + n % 1000, 1000000000000, $1::date + 1, 1 + n % 100000, p.start + interval '1 month', 1000000000000, 1000000000000
    from (
      select n, at, uuidv7(at - clock_timestamp()) as id,
          ($3::uuid[])[1 + (hashint8(n) & 2147483647) % cardinality($3::uuid[])] as organization_id
        from (
          select n, $1::date::timestamp at time zone 'UTC' + n * (interval '1 day' / $2::bigint) as at
            from generate_series(0, $2::bigint - 1) n offset 0
        ) t offset 0
    ) e
    cross join (select case when $1::date >= period_start then period_start else period_start - interval '1 month' end as start
      from headroom.usage_gate where organization_id = ($3::uuid[])[1]) p`;

const countInGates = `
  update headroom.usage_gate g set period_used = g.period_used + e.quantity
    from (select organization_id, meter, period_start, sum(quantity) as quantity from headroom.usage_event
      where received_on < (clock_timestamp() at time zone 'UTC')::date group by 1, 2, 3) e
    where e.organization_id = g.organization_id and e.meter = g.meter and e.period_start = g.period_start`;
