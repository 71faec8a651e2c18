-- Reservations and alerts, and what the gate and its events must know of them.

-- The next threshold that an alert waits for in each running window; null: none.
alter table usage_gate
  add column day_alert_at bigint,
  add column period_alert_at bigint;

-- Units held by reservations when the event was admitted: a replay answers with them. Null: none.
alter table usage_event
  add column day_held bigint,
  add column period_held bigint;

-- An event is found by its id without an index of its own: ids grow as rows do, so a summary per block range leads there.
create index usage_event_by_id on usage_event using brin (id) with (pages_per_range = 16, autosummarize = on);

-- The hard cap in force when the gate left the period.
alter table usage_period add column hard_cap bigint;

-- Units that count against the caps until they are committed, released or expire. The windows are those that it was
-- reserved in: what is held is given back only to them. The readings are what a replay answers.
create table usage_reservation (
  organization_id uuid not null references organization,
  id uuid not null,
  meter text not null,
  key text not null,
  fingerprint bytea not null,
  quantity bigint not null check (quantity > 0),
  member_id uuid,
  properties jsonb,
  api_key_id uuid not null,
  status text not null default 'held' check (status in ('held', 'committed', 'released', 'expired')),
  reserved_at timestamptz not null,
  expires_at timestamptz not null,
  finished_at timestamptz,
  day_start timestamptz not null,
  period_start timestamptz not null,
  event_id uuid, -- the event that its commit wrote
  commit_key text,
  received_at timestamptz not null default clock_timestamp(),
  day_used bigint not null,
  day_held bigint not null,
  daily_limit bigint,
  day_end timestamptz not null,
  period_used bigint not null,
  period_held bigint not null,
  period_end timestamptz not null,
  included bigint,
  max_overage bigint,
  hard_cap bigint,
  primary key (organization_id, id),
  unique (organization_id, meter, key)
);
create index usage_reservation_held on usage_reservation (expires_at) where status = 'held';
create index usage_reservation_of_gate on usage_reservation (organization_id, meter, expires_at) where status = 'held';
create index usage_reservation_by_age on usage_reservation (received_at);

-- Fires once in each window whose count reaches the threshold: units, or a percentage of a limit.
create table usage_alert (
  organization_id uuid not null references organization,
  id uuid not null,
  meter text not null,
  window_kind text not null check (window_kind in ('day', 'period')),
  units bigint check (units > 0),
  percent integer check (percent between 1 and 1000),
  percent_of text check (percent_of in ('daily_limit', 'included', 'hard_cap')),
  created_at timestamptz not null,
  primary key (organization_id, id),
  check ((units is null) <> (percent is null)),
  check ((percent is null) = (percent_of is null)),
  check ((percent_of = 'daily_limit') = (window_kind = 'day'))
);
-- The same alert does not stand twice.
create unique index usage_alert_once on usage_alert (organization_id, meter, window_kind, units, percent, percent_of)
  nulls not distinct;

-- Written with the count that reached the threshold; told by the worker afterwards.
create table usage_alert_firing (
  organization_id uuid not null,
  alert_id uuid not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  threshold bigint not null,
  limit_units bigint, -- the limit that the alert was about when it fired; null: none
  used bigint not null,
  fired_at timestamptz not null,
  told_at timestamptz,
  primary key (organization_id, alert_id, window_start)
);
create index usage_alert_firing_untold on usage_alert_firing (organization_id) where told_at is null;
create index usage_alert_firing_by_end on usage_alert_firing (window_end);

do $$
declare
  tenant text;
begin
  foreach tenant in array array['usage_reservation', 'usage_alert', 'usage_alert_firing'] loop
    execute format('alter table %I enable row level security', tenant);
    execute format('alter table %I force row level security', tenant);
    execute format(
      'create policy tenant on %I to hr_api, hr_worker, hr_webhook, hr_readonly
         using (organization_id = (select current_organization_id()))
         with check (organization_id = (select current_organization_id()))', tenant);
    execute format('create policy engine on %I to hr_engine using (true) with check (true)', tenant);
  end loop;
end
$$;

grant select on usage_reservation, usage_alert, usage_alert_firing to hr_readonly, hr_worker;
grant select on usage_reservation, usage_alert_firing to hr_api;
grant select, insert, delete on usage_alert to hr_api;
grant update (told_at) on usage_alert_firing to hr_worker;
grant select, insert, update, delete on usage_reservation, usage_alert_firing to hr_engine;
grant select, delete on usage_alert to hr_engine;
