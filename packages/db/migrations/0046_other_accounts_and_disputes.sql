-- What Stripe tells of others' customers, and of disputes.

-- An event of a connected account is put aside: whose customer it is about, our key cannot see.
alter table stripe_inbox
  drop constraint stripe_inbox_reason_check,
  add constraint stripe_inbox_reason_check
    check (reason in ('unlinked', 'unknown_price', 'unknown_status', 'unstorable', 'other_account'));

-- Disputes that Stripe has told of, and not yet that they are over; in either style, or in both.
create index stripe_inbox_disputes on stripe_inbox (object_id)
  where type in ('charge.dispute.created', 'v1.charge.dispute.created', 'charge.dispute.closed', 'v1.charge.dispute.closed');

set local role hr_engine;

create function open_disputes() returns table (disputes bigint, oldest_dispute_seconds float8)
language sql volatile security definer set search_path = headroom, pg_temp as $$
  select count(distinct c.object_id), coalesce(extract(epoch from clock_timestamp() - min(c.received_at)), 0)::float8
  from stripe_inbox c
  where c.type in ('charge.dispute.created', 'v1.charge.dispute.created') and c.status <> 'quarantined'
    and not exists (
      select from stripe_inbox d
      where d.object_id = c.object_id and d.type in ('charge.dispute.closed', 'v1.charge.dispute.closed')
        and d.status <> 'quarantined')
$$;
revoke execute on function open_disputes from public;
grant execute on function open_disputes to hr_api, hr_worker, hr_webhook;
