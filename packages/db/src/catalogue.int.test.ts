import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

/** Tables that find an organization by something else: their key is that thing, not the organization. */
const directories = [
  "api_key_hash",
  "invite_token",
  "organization_reference",
  "organization_slug",
  "stripe_customer",
];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const names = async (text: string, values: unknown[] = []): Promise<string[]> => {
  const { rows } = await database.admin.query<{ name: string }>(text, values);
  return rows.map((row) => row.name);
};

const tenantTables = `
  select c.oid, c.relname as name, case c.relname when 'organization' then 'id' else 'organization_id' end as key
  from pg_class c
  where c.relnamespace = 'headroom'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    and (c.relname = 'organization' or exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped))`;

const withoutForcedSecurity = () =>
  names(`select t.name from (${tenantTables}) t join pg_class c on c.oid = t.oid
    where not (c.relrowsecurity and c.relforcerowsecurity) order by 1`);

const withoutTenantPolicy = () =>
  names(`select t.name from (${tenantTables}) t where not exists (
    select from pg_policy p where p.polrelid = t.oid and p.polname = 'tenant' and p.polcmd = '*' and p.polpermissive
      and pg_get_expr(p.polqual, p.polrelid) = '(' || t.key || ' = ( SELECT headroom.current_organization_id() AS current_organization_id))'
      and pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid)) order by 1`);

const withoutLeadingIndex = () =>
  names(`select t.name from (${tenantTables}) t where not exists (
    select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = t.oid and i.indpred is null and a.attname = t.key) order by 1`);

const uniqueNotLedByOrganization = () =>
  names(`select distinct t.name from (${tenantTables}) t join pg_index i on i.indrelid = t.oid and i.indisunique
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where a.attname <> t.key order by 1`);

const foreignKeysThatLeaveTheTenant = () =>
  names(`select f.conname as name from pg_constraint f
    join (${tenantTables}) t on t.oid = f.conrelid join (${tenantTables}) target on target.oid = f.confrelid
    where f.contype = 'f' and not exists (
      select from unnest(f.conkey, f.confkey) as pair (here, there)
      join pg_attribute a on a.attrelid = f.conrelid and a.attnum = pair.here and a.attname = t.key
      join pg_attribute b on b.attrelid = f.confrelid and b.attnum = pair.there and b.attname = target.key)
    order by 1`);

const openPolicies = () =>
  names(`select c.relname || '.' || p.polname as name from pg_policy p join pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'headroom'::regnamespace
      and (pg_get_expr(p.polqual, p.polrelid) = 'true' or pg_get_expr(p.polwithcheck, p.polrelid) = 'true')
      and p.polroles <> array['hr_engine'::regrole::oid] order by 1`);

const withoutPurge = () =>
  names(`select t.name from (${tenantTables}) t where not (
    has_table_privilege('hr_engine', t.oid, 'select') and has_table_privilege('hr_engine', t.oid, 'delete')
    and exists (select from pg_policy p where p.polrelid = t.oid and p.polcmd in ('*', 'd')
      and p.polroles = array['hr_engine'::regrole::oid] and pg_get_expr(p.polqual, p.polrelid) = 'true'))
    order by 1`);

const openPartitions = () =>
  names(`select c.relname as name from pg_class c join pg_inherits i on i.inhrelid = c.oid
    where i.inhparent = 'headroom.usage_event'::regclass
      and (not c.relrowsecurity or not c.relforcerowsecurity or exists (
        select from aclexplode(c.relacl) g where g.grantee <> c.relowner)) order by 1`);

const definersWithoutSearchPath = () =>
  names(`select p.proname as name from pg_proc p where p.pronamespace = 'headroom'::regnamespace and p.prosecdef
    and not exists (select from unnest(p.proconfig) c where c ~ '^search_path=.*pg_temp$') order by 1`);

describe("every tenant table", () => {
  test("is known", async () => {
    expect(await names(`select name from (${tenantTables}) t order by 1`)).toEqual([
      "api_key",
      "api_key_hash",
      "audit_entry",
      "audit_head",
      "audit_personal",
      "conversation",
      "event",
      "event_head",
      "invite",
      "invite_token",
      "invoice_hold",
      "max_overage",
      "membership",
      "opening_usage",
      "operator_override",
      "organization",
      "organization_reference",
      "organization_slug",
      "outbox",
      "overage",
      "plan_assignment",
      "profile",
      "seat_target",
      "stripe_customer",
      "stripe_intent",
      "subscription",
      "usage_alert",
      "usage_alert_firing",
      "usage_difference",
      "usage_event",
      "usage_gate",
      "usage_period",
      "usage_push",
      "usage_reservation",
      "usage_segment",
      "usage_tally",
      "webhook_attempt",
      "webhook_delivery",
      "webhook_endpoint",
    ]);
  });

  test("has row-level security, enabled and forced", async () => {
    expect(await withoutForcedSecurity()).toEqual([]);
  });

  test("has the tenant's policy, for reading and for writing", async () => {
    expect(await withoutTenantPolicy()).toEqual([]);
  });

  test("is open to nobody but the engine", async () => {
    expect(await openPolicies()).toEqual([]);
  });

  test("has an index that the organization leads", async () => {
    expect(await withoutLeadingIndex()).toEqual([]);
  });

  test("is unique only within its organization, the directories excepted", async () => {
    expect(await uniqueNotLedByOrganization()).toEqual(directories);
  });

  test("refers to other tenant tables with the organization in the key", async () => {
    expect(await foreignKeysThatLeaveTheTenant()).toEqual([]);
  });

  test("can be emptied by the purge of a deleted organization", async () => {
    expect(await withoutPurge()).toEqual([]);
  });

  test("keeps its partitions closed: they are reached through the parent", async () => {
    expect(await openPartitions()).toEqual([]);
  });
});

test("each of these checks fails when its wall is missing", async () => {
  const { admin } = database;
  await admin.query(`begin; set local role hr_owner; set local search_path = headroom;
    alter table membership no force row level security;
    alter table outbox disable row level security;
    drop policy tenant on invite;
    create policy tenant on invite to hr_api using (organization_id = (select current_organization_id())) with check (true);
    create table forgotten (id uuid primary key, organization_id uuid not null, invite_id uuid not null,
      foreign key (organization_id, id) references invite, unique (invite_id));
    create table stray (organization_id uuid primary key, api_key_organization uuid, api_key_id uuid,
      foreign key (api_key_organization, api_key_id) references api_key);
    create function open_door() returns void language sql security definer as 'select';
    create function half_open_door() returns void language sql security definer set search_path = headroom as 'select';
    do $$ begin execute format('alter table %s disable row level security',
      (select inhrelid::regclass from pg_inherits where inhparent = 'usage_event'::regclass limit 1)); end $$; commit`);
  const broken = ["forgotten", "stray"];
  try {
    expect(await withoutForcedSecurity()).toEqual(["forgotten", "membership", "outbox", "stray"]);
    expect(await withoutTenantPolicy()).toEqual(["forgotten", "invite", "stray"]);
    expect(await openPolicies()).toEqual(["invite.tenant"]);
    expect(await withoutLeadingIndex()).toEqual(["forgotten"]);
    expect(await uniqueNotLedByOrganization()).toEqual([...directories, "forgotten"].sort());
    expect(await foreignKeysThatLeaveTheTenant()).toEqual(["stray_api_key_organization_api_key_id_fkey"]);
    expect(await withoutPurge()).toEqual(["forgotten", "stray"]);
    expect(await openPartitions()).toHaveLength(1);
    expect(await definersWithoutSearchPath()).toEqual(["half_open_door", "open_door"]);
  } finally {
    await admin.query(`drop table ${broken.map((table) => `headroom.${table}`).join(", ")};
      drop function headroom.open_door(), headroom.half_open_door();`);
  }
});

test("no object belongs to a superuser, and there is no view", async () => {
  const { rows } = await database.admin.query(`
    select c.relname as name, r.rolname as owner, c.relkind as kind from pg_class c join pg_roles r on r.oid = c.relowner
      where c.relnamespace = 'headroom'::regnamespace and (c.relkind in ('v', 'm') or r.rolsuper)
    union all
    select p.proname, r.rolname, 'f' from pg_proc p join pg_roles r on r.oid = p.proowner
      where p.pronamespace = 'headroom'::regnamespace and r.rolsuper`);
  expect(rows).toEqual([]);
});

test("no role of ours is a superuser, bypasses row-level security, or is held by another but the migrator", async () => {
  expect(
    await names(
      "select rolname as name from pg_roles where rolname like 'hr\\_%' and (rolsuper or rolbypassrls or rolcanlogin)",
    ),
  ).toEqual([]);
  expect(
    await names(`select m.member::regrole || ' is ' || m.roleid::regrole as name from pg_auth_members m
      where m.member::regrole::text like 'hr\\_%' order by 1`),
  ).toEqual(["hr_migrator is hr_engine", "hr_migrator is hr_jobs", "hr_migrator is hr_owner"]);
});

describe("functions that run with their owner's rights", () => {
  test("have a fixed search_path that ends with pg_temp", async () => {
    expect(await definersWithoutSearchPath()).toEqual([]);
  });

  test("are these, of these owners, open to these roles", async () => {
    expect(
      await names(`
        select p.proname || ' of ' || p.proowner::regrole || ' for ' || coalesce((
          select string_agg(case g.grantee when 0 then 'everybody' else g.grantee::regrole::text end, ' '
            order by g.grantee::regrole::text)
          from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g where g.grantee <> p.proowner), 'nobody') as name
        from pg_proc p where p.pronamespace = 'headroom'::regnamespace and p.prosecdef order by 1`),
    ).toEqual([
      "alert_thresholds of hr_engine for hr_api",
      "billing_signals of hr_engine for hr_api hr_webhook hr_worker",
      "claim_webhooks of hr_engine for hr_worker",
      "close_period of hr_engine for hr_worker",
      "consume_event of hr_engine for hr_api",
      "consume_events of hr_engine for hr_api",
      "customer_links of hr_engine for hr_worker",
      "days_to_verify of hr_engine for hr_worker",
      "dead_webhook_deliveries of hr_engine for hr_worker",
      "decide_shadow of hr_engine for hr_worker",
      "drop_partition of hr_owner for hr_worker",
      "droppable_days of hr_engine for hr_owner hr_worker",
      "due_customer_sweeps of hr_engine for hr_worker",
      "due_overage_rows of hr_engine for hr_worker",
      "due_overages of hr_engine for hr_worker",
      "due_seat_targets of hr_engine for hr_worker",
      "enqueue_job of hr_jobs for hr_api hr_webhook hr_worker",
      "ensure_partitions of hr_owner for hr_api hr_worker",
      "erase_audit_text of hr_engine for hr_worker",
      "event_heads of hr_engine for hr_api",
      "events_after of hr_engine for hr_api",
      "expire_reservations of hr_engine for hr_worker",
      "hasten_seats of hr_engine for hr_worker",
      "held_features of hr_engine for hr_api",
      "invoice_hold_state of hr_engine for hr_webhook hr_worker",
      "is_settled of hr_engine for hr_worker",
      "learn_keys of hr_engine for hr_worker",
      "leave_ended_periods of hr_engine for hr_worker",
      "living_organizations of hr_engine for hr_api",
      "member_lists of hr_engine for hr_api",
      "member_pages of hr_engine for hr_api",
      "member_roles of hr_engine for hr_api",
      "meter_statuses of hr_engine for hr_api hr_worker",
      "note_hash of hr_engine for hr_owner",
      "note_key_changed of hr_engine for hr_owner",
      "note_key_uses of hr_engine for hr_api",
      "note_members_changed of hr_engine for hr_owner",
      "note_organization_ended of hr_engine for hr_owner",
      "note_subscription_changed of hr_engine for hr_owner",
      "note_usage_check of hr_engine for hr_worker",
      "open_disputes of hr_engine for hr_api hr_webhook hr_worker",
      "open_invoice_holds of hr_engine for hr_webhook hr_worker",
      "operator_events of hr_engine for hr_api",
      "operator_organizations of hr_engine for hr_api",
      "organization_ids of hr_engine for hr_worker",
      "organization_of_customer of hr_engine for hr_api hr_webhook hr_worker",
      "organization_of_slug of hr_engine for hr_api hr_worker",
      "organizations_about of hr_engine for hr_worker",
      "organizations_of_references of hr_engine for hr_api hr_worker",
      "organizations_on_plan of hr_engine for hr_worker",
      "organizations_with_due_assignments of hr_engine for hr_worker",
      "organizations_with_expired_invites of hr_engine for hr_worker",
      "organizations_with_expired_overrides of hr_engine for hr_worker",
      "organizations_with_untold_alerts of hr_engine for hr_worker",
      "overage_is_open of hr_engine for hr_api hr_webhook hr_worker",
      "periods_to_rate of hr_engine for hr_worker",
      "plan_version_uses of hr_engine for hr_worker",
      "prune_events of hr_engine for hr_worker",
      "prune_usage of hr_engine for hr_worker",
      "prune_webhook_deliveries of hr_engine for hr_worker",
      "purge_organization of hr_engine for hr_worker",
      "purgeable_organizations of hr_engine for hr_worker",
      "rate_again of hr_engine for hr_worker",
      "recompute_usage of hr_engine for hr_worker",
      "record_change of hr_engine for hr_api hr_webhook hr_worker",
      "record_operator_act of hr_engine for hr_api hr_worker",
      "refresh_limits of hr_engine for hr_api hr_webhook hr_worker",
      "reject_usage_pushes of hr_engine for hr_webhook hr_worker",
      "remove_ended_rate_limits of hr_engine for hr_worker",
      "reopen_overages of hr_engine for hr_api hr_webhook hr_worker",
      "resolve_api_keys of hr_engine for hr_api",
      "resolve_invite_token of hr_engine for hr_api",
      "roll_gates of hr_engine for hr_api hr_webhook hr_worker",
      "roll_up of hr_engine for hr_worker",
      "set_dev_clock of hr_engine for hr_owner",
      "settle_segments of hr_engine for hr_api hr_webhook hr_worker",
      "stale_days of hr_engine for hr_worker",
      "start_period of hr_engine for hr_api hr_webhook hr_worker",
      "take_period of hr_engine for hr_worker",
      "unbilled_periods of hr_engine for hr_api hr_worker",
      "unclosed_periods of hr_engine for hr_worker",
      "uncounted_pushes of hr_engine for hr_worker",
      "unsealed_days of hr_engine for hr_worker",
      "usage_commit of hr_engine for hr_api",
      "usage_consume of hr_engine for hr_api",
      "usage_push_state of hr_engine for hr_webhook hr_worker",
      "usage_recount of hr_engine for hr_worker",
      "usage_release of hr_engine for hr_api",
      "usage_reserve of hr_engine for hr_api",
      "usage_status of hr_engine for hr_api hr_worker",
      "usage_statuses of hr_engine for hr_api hr_worker",
      "usage_sums of hr_engine for hr_api hr_worker",
      "usage_void of hr_engine for hr_api",
      "verify_counters of hr_engine for hr_worker",
      "verify_day of hr_engine for hr_worker",
      "verify_tallies of hr_engine for hr_worker",
      "wake_customer_events of hr_engine for hr_api hr_webhook hr_worker",
      "webhook_state of hr_engine for hr_worker",
    ]);
  });
});
