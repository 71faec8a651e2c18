-- The plan catalogue (global), and each organization's subscription, settings and Stripe links.

create table meter (
  name text primary key,
  display_name text not null,
  is_default boolean not null,
  position integer not null,
  active boolean not null default true
);
create unique index meter_one_default on meter (is_default) where is_default;

create table plan (
  id text not null,
  version integer not null,
  display_name text not null,
  is_default boolean not null,
  is_public boolean not null,
  active boolean not null,
  is_current boolean not null,
  position integer not null,
  grace_days integer not null,
  seats_kind text not null check (seats_kind in ('licensed', 'auto')),
  seats_included integer,
  seats_max integer,
  definition jsonb not null,
  definition_hash text not null,
  created_at timestamptz not null,
  primary key (id, version)
);
create unique index plan_one_current on plan (id) where is_current;
create unique index plan_one_default on plan (is_default) where is_default and is_current;

create table plan_meter (
  plan_id text not null,
  plan_version integer not null,
  meter text not null references meter,
  daily_limit bigint,
  included bigint,
  overage boolean not null,
  max_overage_default bigint,
  max_overage_ceiling bigint,
  unit_price numeric(30, 12),
  currency text,
  bill_above_cap boolean not null default false,
  primary key (plan_id, plan_version, meter),
  foreign key (plan_id, plan_version) references plan
);

create table plan_price (
  plan_id text not null,
  plan_version integer not null,
  role text not null check (role in ('plan', 'seat', 'addon')),
  billing_interval text not null check (billing_interval in ('month', 'year')),
  currency text not null,
  unit_amount numeric(30, 12) not null,
  lookup_key text not null,
  stripe_product_id text,
  stripe_price_id text unique,
  primary key (plan_id, plan_version, role, billing_interval, currency),
  foreign key (plan_id, plan_version) references plan
);

-- What SQL itself must know of headroom.config.ts; written by `plans push`.
create table configuration (
  singleton boolean primary key default true check (singleton),
  overage_while_past_due boolean not null default false,
  bill_above_cap boolean not null default false,
  configured_at timestamptz not null
);

-- One row per organization. plan_id is null while no subscription gives one; then base_plan_id holds.
-- limits_until: the instant after which the plan's limits no longer hold (end of grace, scheduled cancel).
create table subscription (
  organization_id uuid primary key references organization,
  base_plan_id text not null,
  base_plan_version integer not null,
  plan_id text,
  plan_version integer,
  source text not null default 'none' check (source in ('none', 'stripe', 'operator')),
  state text not null default 'none',
  limits_until timestamptz,
  overage_allowed boolean not null default false,
  seats_purchased integer not null default 0,
  anchor timestamptz,
  current_period_start timestamptz,
  current_period_end timestamptz,
  billing_interval text,
  currency text,
  trial_end timestamptz,
  trial_used boolean not null default false,
  cancel_at timestamptz,
  past_due_since timestamptz,
  attention text,
  stripe_subscription_id text,
  stripe_status text,
  plan_item_id text,
  seat_item_id text,
  updated_at timestamptz not null,
  foreign key (base_plan_id, base_plan_version) references plan,
  foreign key (plan_id, plan_version) references plan
);

create table max_overage (
  organization_id uuid not null references organization,
  meter text not null,
  units bigint check (units >= 0),
  cents bigint check (cents >= 0),
  updated_at timestamptz not null,
  primary key (organization_id, meter),
  check ((units is null) <> (cents is null))
);

create table stripe_customer (
  customer_id text primary key,
  organization_id uuid not null references organization,
  created_at timestamptz not null
);
create unique index on stripe_customer (organization_id);

-- A call to Stripe whose answer a person waits for: the row and its idempotency key are committed first.
create table stripe_intent (
  organization_id uuid not null references organization,
  id uuid not null,
  kind text not null check (kind in ('checkout', 'portal', 'change_plan', 'set_seats', 'cancel', 'resume')),
  fingerprint text not null,
  parameters jsonb not null,
  status text not null default 'pending'
    check (status in ('pending', 'done', 'failed', 'superseded', 'completed', 'expired')),
  result jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, id)
);
create unique index stripe_intent_one_open_checkout on stripe_intent (organization_id)
  where kind = 'checkout' and status in ('pending', 'done');

create table stripe_inbox (
  seq bigint generated always as identity primary key,
  account text not null default '',
  event_id text not null,
  livemode boolean not null,
  type text not null,
  api_version text,
  object_id text,
  customer_id text,
  created_at timestamptz not null,
  received_at timestamptz not null default clock_timestamp(),
  payload jsonb not null,
  secret_index integer not null,
  status text not null default 'pending'
    check (status in ('pending', 'applied', 'ignored', 'quarantined', 'dead')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default clock_timestamp(),
  last_error text,
  applied_at timestamptz,
  unique (account, event_id)
);
create index stripe_inbox_pending on stripe_inbox (next_attempt_at) where status = 'pending';
create index stripe_inbox_customer on stripe_inbox (customer_id, seq) where status = 'pending';

-- The fenced lease: one applier per customer, and only the holder of the token may write what it fetched.
create table stripe_customer_sync (
  customer_id text primary key,
  lease_token uuid,
  lease_until timestamptz,
  synced_seq bigint not null default 0,
  synced_at timestamptz,
  last_error text
);
