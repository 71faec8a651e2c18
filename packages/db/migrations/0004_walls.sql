-- Row-level security, enabled and forced, on every tenant table; one policy for the tenant, one for the engine.

do $$
declare
  tenant text;
  key_column text;
begin
  foreach tenant in array array[
    'organization', 'organization_slug', 'membership', 'invite', 'invite_token', 'api_key', 'api_key_hash',
    'audit_head', 'audit_entry', 'outbox', 'subscription', 'max_overage', 'stripe_customer', 'stripe_intent',
    'usage_gate', 'usage_event', 'usage_tally', 'usage_period', 'overage'
  ] loop
    key_column := case tenant when 'organization' then 'id' else 'organization_id' end;
    execute format('alter table %I enable row level security', tenant);
    execute format('alter table %I force row level security', tenant);
    execute format(
      'create policy tenant on %I to hr_api, hr_worker, hr_webhook, hr_readonly
         using (%I = (select current_organization_id())) with check (%I = (select current_organization_id()))',
      tenant, key_column, key_column);
    execute format('create policy engine on %I to hr_engine using (true) with check (true)', tenant);
  end loop;
end
$$;

-- `withUser`: a person sees their own memberships and the organizations behind them, nothing else.
create policy own on membership for select to hr_api
  using (user_id = (select current_user_id()));
create policy own on organization for select to hr_api
  using (exists (
    select from membership m where m.organization_id = organization.id and m.user_id = (select current_user_id())
  ));

-- A platform key belongs to no organization; its hash row is written by the operator's command only.
create policy platform on api_key_hash to hr_api
  using (organization_id is null and current_organization_id() is null)
  with check (organization_id is null and current_organization_id() is null);

grant select on all tables in schema headroom to hr_readonly;
grant select on kysely_migration to hr_api, hr_worker, hr_webhook; -- readiness compares it with the code
-- The outbox holds links that open something until they are delivered.
revoke select on api_key_hash, invite_token, platform_key, http_idempotency, outbox from hr_readonly;

grant select, insert, update on account, organization, invite, api_key, platform_key, subscription, stripe_intent to hr_api;
grant select, insert, update, delete on organization_slug, membership, max_overage, http_idempotency to hr_api;
grant select, insert, delete on invite_token to hr_api;
grant select, insert on api_key_hash, outbox, stripe_customer to hr_api;
grant select on dev_clock, meter, plan, plan_meter, plan_price, configuration, audit_entry, usage_gate, usage_event,
  usage_tally, usage_period, usage_partition, overage to hr_api;

grant select on account, organization, membership, invite, dev_clock, usage_gate, usage_event, usage_tally, usage_period,
  usage_partition, stripe_intent, api_key, audit_entry to hr_worker;
grant select, insert, update, delete on meter, plan, plan_meter, plan_price, configuration to hr_worker;
grant select, insert, update on subscription, stripe_customer, stripe_inbox, stripe_customer_sync, outbox, overage to hr_worker;
grant update on stripe_intent to hr_worker;

grant select on account, organization, membership, dev_clock, meter, plan, plan_meter, plan_price, configuration,
  overage to hr_webhook;
grant select, insert, update on subscription, stripe_customer, stripe_inbox, stripe_customer_sync, outbox to hr_webhook;
grant select, update on stripe_intent to hr_webhook;
-- Who applies what Stripe says locks the organization's row, and a row lock asks for an UPDATE privilege.
grant update (updated_at) on organization to hr_webhook, hr_worker;
grant update (next_attempt_at) on overage to hr_webhook; -- a new draft invoice wakes what waits for it

-- What the definer functions may touch, table by table.
grant select on account, organization, membership, invite_token, api_key, platform_key, api_key_hash, dev_clock,
  meter, plan, plan_meter, configuration, subscription, max_overage, stripe_customer to hr_engine;
-- The organization row is locked FOR SHARE when a gate is born; a row lock asks for the UPDATE privilege.
grant update on organization, dev_clock to hr_engine;
grant select, insert on audit_entry, usage_event to hr_engine;
grant update (period_start) on usage_event to hr_engine;
grant select, insert, update on audit_head, usage_gate, usage_period, usage_partition to hr_engine;
grant select, insert, update, delete on usage_tally to hr_engine;
grant select on overage, outbox, stripe_inbox to hr_engine;
