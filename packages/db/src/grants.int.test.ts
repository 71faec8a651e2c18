import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assertUnprivileged, createDatabase, type Database, type DatabaseRole } from "./client.ts";
import { createTestDatabase, type TestDatabase } from "./testing/database.ts";

const appRoles = ["hr_api", "hr_worker", "hr_webhook", "hr_readonly"] as const;
const refused = "42501";

let database: TestDatabase;
const connections = new Map<DatabaseRole, Database>();
beforeAll(async () => {
  database = await createTestDatabase();
  for (const role of [...appRoles, "hr_jobs"] as const) {
    connections.set(role, await database.connect(role));
  }
});
afterAll(() => database?.drop());

/** The SQLSTATE that a statement ends with, or "done". */
const outcome = async (role: DatabaseRole, statement: string): Promise<string> => {
  try {
    await connections.get(role)?.pool.query(statement);
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

const forbiddenToAll = [
  "update audit_entry set action = 'nothing'",
  "delete from audit_entry",
  "truncate audit_entry",
  "insert into audit_entry select * from audit_entry",
  "update audit_head set seq = 0",
  "delete from audit_head",
  "delete from audit_personal",
  "update audit_personal set value = 'nothing'",
  "insert into audit_personal select * from audit_personal",
  "truncate audit_personal",
  "insert into operator_entry select * from operator_entry",
  "update operator_entry set action = 'nothing'",
  "delete from operator_entry",
  "truncate operator_entry",
  "update operator_head set seq = 0",
  "delete from operator_head",
  "delete from audit_check",
  "insert into event select * from event",
  "update event set payload = '{}'",
  "update event_head set seq = 0",
  "insert into webhook_delivery select * from webhook_delivery",
  "select append_audit(null, null, null, null, null, null, null, null, null, null)",
  "select append_events(null, null)",
  "insert into usage_event select * from usage_event",
  "update usage_event set quantity = 0",
  "delete from usage_event",
  "update usage_gate set day_used = 0",
  "delete from usage_gate",
  "insert into usage_reservation select * from usage_reservation",
  "update usage_reservation set quantity = 1",
  "delete from usage_reservation",
  "insert into usage_alert_firing select * from usage_alert_firing",
  "update usage_alert_firing set used = 0",
  "delete from usage_alert_firing",
  "update usage_alert set units = 1",
  "insert into usage_tally select * from usage_tally",
  "update usage_period set closed_at = null",
  "update usage_partition set sealed_at = now()",
  "insert into usage_difference select * from usage_difference",
  "update usage_difference set resolved_at = now()",
  "delete from usage_difference",
  "update usage_check set differences = 0",
  "delete from organization",
  "update dev_clock set clock_offset = '1 day'",
  "select set_dev_clock('1 day')",
  "select * from graphile_worker._private_jobs",
  "select graphile_worker.add_job('send_mail')",
  "insert into worker_heartbeat values ('nobody', now())",
  "alter table membership disable row level security",
  "drop policy tenant on membership",
  "create table mine (id integer)",
  "create function mine() returns void language sql as 'select'",
];

describe.each(appRoles)("%s", (role) => {
  test.each(forbiddenToAll)("may not: %s", async (text) => {
    expect(await outcome(role, text)).toBe(refused);
  });

  test("may not touch a partition beside its parent", async () => {
    const { rows } = await database.admin.query<{ name: string }>(
      "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'headroom.usage_event'::regclass limit 1",
    );
    expect(await outcome(role, `select * from ${rows[0]?.name}`)).toBe(refused);
  });

  test("is no superuser and does not bypass row-level security", async () => {
    await assertUnprivileged(connections.get(role) as Database);
  });

  test("sees no tenant's rows without a tenant", async () => {
    const id = randomUUID();
    await database.admin.query(
      "insert into headroom.organization (id, name, slug, created_at, updated_at) values ($1, 'Kiwi', $2, now(), now())",
      [id, id],
    );
    const { rows } = (await connections.get(role)?.pool.query("select id from organization")) ?? {
      rows: [1],
    };
    expect(rows).toEqual([]);
  });
});

test.each([
  ["hr_api", "select roll_up(current_date)"],
  ["hr_api", "select learn_keys(1)"],
  ["hr_api", "select close_period(null, null, null)"],
  ["hr_api", "select recompute_usage(null, null, null, true)"],
  ["hr_api", "select drop_partition(current_date)"],
  ["hr_api", "select prune_usage(1)"],
  ["hr_api", "select organizations_with_expired_invites(1)"],
  ["hr_api", "select erase_audit_text(null, null, '{}')"],
  ["hr_api", "select organizations_with_untold_alerts(null, 1)"],
  ["hr_api", "select alert_threshold(null, null)"],
  ["hr_api", "select organization_ids()"],
  ["hr_api", "select organizations_about(null, '{}')"],
  ["hr_api", "select * from operator_entry"],
  ["hr_api", "insert into audit_check values (true, now(), 0, 0)"],
  ["hr_webhook", "select erase_audit_text(null, null, '{}')"],
  ["hr_webhook", "select record_operator_act(null, null, null, null, null, null)"],
  ["hr_readonly", "select * from audit_personal"],
  ["hr_api", "select claim_webhooks(null, 1, 1, 1, '1 second')"],
  ["hr_api", "select prune_webhook_deliveries('0 days', 1)"],
  ["hr_api", "select expire_reservations(1)"],
  ["hr_worker", "select usage_void(null, null, null, null, null, null, null, null)"],
  ["hr_worker", "select usage_reserve(null, null, null, null, null, 1, null, 1, null, null)"],
  ["hr_api", "select prune_events('1 day', 1)"],
  ["hr_api", "insert into plan select * from plan"],
  ["hr_api", "delete from rate_limit"],
  ["hr_api", "select remove_ended_rate_limits()"],
  ["hr_api", "update stripe_inbox set status = 'pending'"],
  ["hr_api", "select * from due_customer_sweeps(1)"],
  ["hr_webhook", "delete from stripe_inbox"],
  ["hr_webhook", "select * from dead_webhook_deliveries(1)"],
  ["hr_webhook", "update stripe_backfill set through = now()"],
  ["hr_api", "insert into overage select * from overage"],
  ["hr_api", "update seat_target set version = 1"],
  ["hr_api", "select hasten_seats()"],
  ["hr_webhook", "select * from seat_target"],
  ["hr_worker", "insert into seat_target select * from seat_target"],
  ["hr_api", "update overage set quantity = 0"],
  ["hr_webhook", "update overage set quantity = 0"],
  ["hr_api", "update usage_push set state = 'sent'"],
  ["hr_webhook", "select * from usage_push"],
  ["hr_api", "select reject_usage_pushes('{}', '')"],
  ["hr_api", "select take_period(null, null, null)"],
  ["hr_worker", "insert into usage_segment select * from usage_segment"],
  ["hr_api", "update invoice_hold set status = 'held'"],
  ["hr_api", "delete from conversation"],
  ["hr_api", "select * from account_grant"],
  ["hr_api", "select purge_organization(null, 1)"],
  ["hr_worker", "delete from account_grant"],
  ["hr_worker", "delete from usage_alert"],
  ["hr_worker", "select * from alert_thresholds(null)"],
  ["hr_worker", "delete from event"],
  ["hr_worker", "select * from events_after(null, null, null, 0, 1, '{}')"],
  ["hr_worker", "delete from membership"],
  ["hr_worker", "update conversation set assignee_id = null"],
  ["hr_worker", "select * from rate_limit"],
  ["hr_worker", "update invite set role = 'admin'"],
  ["hr_worker", "select * from invite_token"],
  ["hr_worker", "update operator_override set value = 'null'"],
  ["hr_worker", "insert into operator_override select * from operator_override"],
  ["hr_webhook", "select * from operator_override"],
  ["hr_readonly", "delete from operator_override"],
  ["hr_worker", "insert into platform_key select * from platform_key"],
  ["hr_webhook", "insert into membership select * from membership"],
  ["hr_webhook", "select * from webhook_endpoint"],
  ["hr_readonly", "select secret from webhook_endpoint"],
  ["hr_webhook", "select * from api_key_hash"],
  ["hr_webhook", "select * from profile"],
  ["hr_readonly", "select * from api_key_hash"],
  ["hr_readonly", "select * from rate_limit"],
  ["hr_readonly", "select * from platform_key"],
  ["hr_readonly", "update profile set name = 'mine'"],
  ["hr_readonly", "update organization set name = 'mine'"],
  ["hr_readonly", "select enqueue_job('send_mail', '{}', null, null, null)"],
  ["hr_jobs", "select * from organization"],
  ["hr_jobs", "select * from usage_event"],
  ["hr_jobs", "select record_change(null, null, null, null, null, null, null, null, null, null, null)"],
] as const)("%s may not: %s", async (role, statement) => {
  expect(await outcome(role, statement)).toBe(refused);
});

test("a superuser's login is refused before the first request", async () => {
  const superuser = createDatabase({
    connectionString: database.adminUrl,
    role: "hr_api",
    applicationName: "headroom-test",
  });
  await expect(assertUnprivileged(superuser)).rejects.toThrow(/superuser or bypasses row-level security/);
  await superuser.close();
});
