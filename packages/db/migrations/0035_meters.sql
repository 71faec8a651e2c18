-- Stripe's events in both styles, and overage that is told to Stripe's billing meters.

alter table stripe_inbox
  -- thin: it says what changed and where to ask, and has no object.
  add column style text not null default 'snapshot' check (style in ('snapshot', 'thin')),
  -- Of a thin event: the snapshot event that tells of the same change, once it is known.
  add column twin_id text;
create index stripe_inbox_twin on stripe_inbox (account, twin_id) where twin_id is not null;
create index stripe_inbox_thin on stripe_inbox (next_attempt_at) where status = 'pending' and style = 'thin';

-- What was, or is to be, told to a billing meter: once for a row of the ledger, under an identifier that Stripe takes
-- once in 24 hours. Nothing of it changes after it was sent first. sent_at: when that was, by the clock that Stripe follows.
-- ambiguous: it was sent so long ago, without an answer, that Stripe may take the identifier a second time.
create table usage_push (
  organization_id uuid not null references organization,
  identifier text not null check (length(identifier) <= 100),
  overage_id uuid not null,
  meter text not null,
  period_start timestamptz not null,
  period_end timestamptz not null,
  bucket timestamptz not null,
  seq integer not null check (seq > 0),
  value bigint not null check (value > 0),
  customer_id text not null,
  -- The metered price whose line bills it.
  price_id text not null,
  event_name text not null,
  -- The invoice that is to bill it.
  invoice_id text not null,
  -- What the event says of its time: inside the bucket and the period.
  at timestamptz not null check (at >= period_start and at < period_end and at < bucket),
  state text not null default 'pending' check (state in ('pending', 'sending', 'sent', 'rejected', 'ambiguous')),
  sent_at timestamptz,
  -- Why it does not count; Stripe's word where it is Stripe's.
  reason text,
  check ((state = 'pending') = (sent_at is null) or state = 'rejected'),
  check (state <> 'rejected' or reason is not null),
  primary key (organization_id, identifier),
  unique (organization_id, meter, bucket, seq)
);
create unique index usage_push_open on usage_push (organization_id, overage_id)
  where state in ('pending', 'sending', 'ambiguous');
create index usage_push_of_row on usage_push (organization_id, overage_id);
create index usage_push_state on usage_push (state);

alter table usage_push enable row level security;
alter table usage_push force row level security;
create policy tenant on usage_push to hr_api, hr_worker, hr_webhook, hr_readonly
  using (organization_id = (select current_organization_id()))
  with check (organization_id = (select current_organization_id()));
create policy engine on usage_push to hr_engine using (true) with check (true);
grant select on usage_push to hr_api, hr_readonly;
grant select, insert, update on usage_push to hr_worker;
grant select, delete, update (state, reason) on usage_push to hr_engine;
grant update (status, version, placement, attempts, stripe_invoice_id, stripe_invoice_item_id, next_attempt_at,
  last_error) on overage to hr_engine;

-- The metered prices of a version's overage: `overage:` and the meter.
alter table plan_price drop constraint plan_price_role_check,
  add check (role in ('plan', 'seat', 'addon') or role like 'overage:%');

-- What Stripe calls the billing meter of one of ours; written by `plans push`.
alter table meter add column stripe_meter_id text;

set local role hr_engine;

-- Notes that Stripe did not count these, and has their rows billed by an invoice item; answers how many were ours. One
-- that is noted already stays as it was.
create function reject_usage_pushes(identifiers text[], why text) returns bigint
language plpgsql volatile security definer set search_path = headroom, pg_temp as $$
declare
  push usage_push;
  ours bigint := 0;
begin
  for push in
    select * from usage_push p where p.identifier = any(identifiers) order by p.organization_id, p.identifier for no key update
  loop
    ours := ours + 1;
    continue when push.state = 'rejected';
    update usage_push set state = 'rejected', reason = why
      where organization_id = push.organization_id and identifier = push.identifier;
    update overage set status = 'pending', version = version + 1, placement = placement + 1, attempts = 0,
        stripe_invoice_id = null, stripe_invoice_item_id = null, next_attempt_at = clock_timestamp(),
        last_error = 'the billing meter refused it: ' || why
      where organization_id = push.organization_id and id = push.overage_id and status in ('pending', 'sent');
  end loop;
  return ours;
end
$$;

-- How the pushes of all organizations stand: for metrics.
create function usage_push_state(out open bigint, out ambiguous bigint, out rejected bigint)
language sql stable security definer set search_path = headroom, pg_temp as $$
  select count(*) filter (where state in ('pending', 'sending')), count(*) filter (where state = 'ambiguous'),
    count(*) filter (where state = 'rejected')
  from usage_push
$$;

revoke execute on function reject_usage_pushes, usage_push_state from public;
grant execute on function reject_usage_pushes, usage_push_state to hr_worker, hr_webhook;
