import type pg from "pg";

/** A partition for a received day in the past, as the owner makes them. Answers the day. */
export async function makePastPartition(admin: pg.Pool, daysAgo: number): Promise<string> {
  const { rows } = await admin.query<{ day: string; name: string; next: string }>(
    `select d::text as day, (d + 1)::text as next, 'usage_event_' || to_char(d, 'YYYYMMDD') as name
     from (select (clock_timestamp() at time zone 'UTC')::date - $1::int) as at (d)`,
    [daysAgo],
  );
  const { day, next, name } = rows[0] as (typeof rows)[number];
  const client = await admin.connect();
  try {
    await client.query(`begin; set local role hr_owner; set local search_path = headroom;
      create table if not exists ${name} (like usage_event including all);
      alter table ${name} enable row level security; alter table ${name} force row level security;
      do $$ begin if not exists (select from pg_inherits where inhrelid = '${name}'::regclass) then
        alter table usage_event attach partition ${name} for values from ('${day}') to ('${next}'); end if; end $$;
      insert into usage_partition (received_on) values ('${day}') on conflict do nothing;
      commit`);
  } finally {
    client.release();
  }
  return day;
}

/** Has an organization's events of today received on an earlier day. Answers the day. */
export async function moveEvents(admin: pg.Pool, organizationId: string, daysAgo: number): Promise<string> {
  const day = await makePastPartition(admin, daysAgo);
  await admin.query(
    `update headroom.usage_event set received_on = $2
     where organization_id = $1 and received_on = (clock_timestamp() at time zone 'UTC')::date`,
    [organizationId, day],
  );
  return day;
}
