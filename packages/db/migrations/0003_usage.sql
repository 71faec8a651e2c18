-- The usage gate, events, tallies, periods and the overage ledger. Events, tallies and audit carry no foreign keys.

-- One row per (organization, meter), exactly two windows. A window never rolls back.
create table usage_gate (
  organization_id uuid not null references organization,
  meter text not null,
  zone text not null,
  day_date date not null,
  day_start timestamptz not null,
  day_end timestamptz not null,
  day_used bigint not null default 0,
  day_held bigint not null default 0,
  period_start timestamptz not null,
  period_end timestamptz not null,
  period_used bigint not null default 0,
  period_held bigint not null default 0,
  daily_limit bigint,
  included bigint,
  max_overage bigint,
  hard_cap bigint,
  plan_id text not null,
  plan_version integer not null,
  caps_valid_until timestamptz not null default 'infinity',
  primary key (organization_id, meter)
) with (fillfactor = 50);

create table usage_event (
  organization_id uuid not null,
  meter text not null,
  key text not null,
  received_on date not null,
  id uuid not null,
  quantity bigint not null,
  over_cap bigint not null default 0,
  mode text not null,
  member_id uuid,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  local_date date not null,
  period_start timestamptz not null,
  fingerprint bytea not null,
  properties jsonb,
  api_key_id uuid,
  voids uuid,
  day_used bigint not null,
  daily_limit bigint,
  day_end timestamptz not null,
  period_used bigint not null,
  period_end timestamptz not null,
  included bigint,
  max_overage bigint,
  hard_cap bigint,
  primary key (organization_id, meter, key, received_on)
) partition by range (received_on);

create table usage_partition (
  received_on date primary key,
  rolled_at timestamptz,
  sealed_at timestamptz,
  events bigint,
  quantity numeric
);

-- The member of usage without one is the nil UUID, so that it can stand in the key.
create table usage_tally (
  organization_id uuid not null,
  meter text not null,
  member_id uuid not null,
  received_on date not null,
  local_date date not null,
  period_start timestamptz not null,
  quantity bigint not null,
  over_cap bigint not null,
  events bigint not null,
  primary key (organization_id, meter, received_on, local_date, period_start, member_id)
);
create index usage_tally_of_day on usage_tally (received_on);

-- A period that the gate has left, with the terms in force when it ended. closed_at: counted, nothing lands in it.
create table usage_period (
  organization_id uuid not null,
  meter text not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  plan_id text not null,
  plan_version integer not null,
  included bigint,
  unit_price numeric(30, 12),
  currency text,
  billable boolean not null,
  closed_at timestamptz,
  total bigint,
  over_cap bigint,
  primary key (organization_id, meter, period_start)
);
create index usage_period_open on usage_period (period_end) where closed_at is null;

-- The ledger: one row per meter and period with overage to bill. Written before anything is sent to Stripe.
create table overage (
  organization_id uuid not null references organization,
  id uuid not null,
  meter text not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  plan_id text not null,
  plan_version integer not null,
  quantity bigint not null check (quantity > 0),
  unit_price numeric(30, 12) not null,
  currency text not null,
  amount bigint not null,
  status text not null default 'pending' check (status in ('pending', 'sent', 'failed')),
  stripe_invoice_id text,
  stripe_invoice_item_id text,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  last_error text,
  created_at timestamptz not null,
  sent_at timestamptz,
  primary key (organization_id, id),
  unique (organization_id, meter, period_start)
);
create index overage_pending on overage (next_attempt_at) where status = 'pending';
