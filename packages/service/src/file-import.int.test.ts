import { writeFileSync } from "node:fs";
import { encodeId } from "@headroom/domain/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { type FileImportInput, importFile } from "./import/file-import.ts";
import { acceptInvite } from "./invite-acceptance.ts";
import { resendInvite } from "./invite-resending.ts";
import { setMaxOverages } from "./max-overages.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import {
  createMovingBench,
  issuer,
  type MovingBench,
  operator,
  organizationLines,
} from "./testing/moving-bench.ts";
import { invite } from "./testing/world.ts";
import { explainUsage } from "./usage-explanation.ts";
import { ensureUser } from "./users.ts";

let bench: MovingBench;
beforeAll(async () => {
  bench = await createMovingBench();
});
afterAll(() => bench?.close());

const run = (lines: readonly (object | string)[], more: Partial<FileImportInput> = {}) =>
  importFile(bench.api, {
    file: bench.file(lines),
    dryRun: false,
    skipBad: false,
    operator,
    issuers: new Set<string>(),
    ...more,
  });

const everything = async () => {
  const tables = ["account", "organization", "membership", "invite", "usage_event", "opening_usage"];
  const counts = tables.map(async (table) => {
    const [row] = await bench.rows(`select count(*)::int as n from headroom.${table}`);
    return [table, row?.n];
  });
  return Object.fromEntries(await Promise.all(counts));
};

const idOf = async (externalId: string) => {
  const [row] = await bench.rows(
    "select organization_id as id from headroom.organization_reference where external_id = $1",
    externalId,
  );
  return String(row?.id);
};

test("a file with a bad line is not imported at all; each is told with its line; --skip-bad takes the others", async () => {
  const lines = [
    ...organizationLines("good", 1),
    "{ not json",
    { kind: "user", issuer, subject: "x", colour: "red" },
    { kind: "organization", externalId: "ownerless", name: "Ownerless" },
    { kind: "member", organization: "ownerless", user: { issuer, subject: "good-1" }, role: "member" },
    { kind: "member", organization: "good", user: { issuer, subject: "good-1" }, role: "owner" },
    { kind: "member", organization: "good", user: { issuer, subject: "stranger" }, role: "member" },
    { kind: "member", organization: "elsewhere", user: { issuer, subject: "good-1" }, role: "member" },
    { kind: "usage", organization: "good", meter: "tea", quantity: 1 },
    { kind: "usage", organization: "good", meter: "jobs", quantity: 0 },
    { kind: "organization", externalId: "good", name: "Again" },
    { kind: "organization", externalId: "nowhere", name: "Nowhere", timeZone: "Mars/Base" },
    { kind: "invite", organization: "good", email: "a@example.com", role: "owner" },
    { kind: "invite", organization: "good", email: "b@example.com\u0000" },
    { kind: "user", issuer, subject: "turned", name: "Ada\u202Eecalevol" },
  ];
  const before = await everything();
  const refused = await run(lines);
  expect(refused.imported).toBe(false);
  expect(refused.faults.map(({ line }) => line)).toEqual([
    6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
  ]);
  expect(refused.faults[0]).toEqual({ line: 6, message: "is not JSON" });
  expect(refused.faults[2]).toEqual({ line: 8, message: "has no owner" });
  expect(refused.faults[3]?.message).toContain("its organization, of line 8, is not imported");
  expect(await everything()).toEqual(before);
  const dry = await run(lines, { skipBad: true, dryRun: true });
  expect(dry).toMatchObject({
    users: { created: 2, existing: 0 },
    organizations: { created: 1, existing: 0 },
    members: { created: 2, existing: 0 },
  });
  expect(await everything()).toEqual(before);
  expect(await run(lines, { skipBad: true })).toMatchObject({
    imported: true,
    users: dry.users,
    organizations: dry.organizations,
    members: dry.members,
  });
});

test("only a line feed ends a line; what is no UTF-8, or too long, is refused", async () => {
  const user = (subject: string) => JSON.stringify({ kind: "user", issuer, subject: `${subject}\u2028B` });
  const file = bench.file([]);
  const before = await everything();
  const read = (bytes: Buffer) => {
    writeFileSync(file, bytes);
    return run([], { file });
  };
  expect(await read(Buffer.from(`${user("m\u00fcller")}\n`, "latin1"))).toMatchObject({
    imported: false,
    faults: [{ line: 1, message: "subject is not UTF-8" }],
  });
  await expect(read(Buffer.from(`\n${user("x".repeat(1 << 20))}\n`))).rejects.toMatchObject({
    code: "validation_failed",
  });
  expect(await everything()).toEqual(before);
  expect(await read(Buffer.from(`\uFEFF${user("one")}\r\n\r\n${user("two")}`))).toMatchObject({
    lines: 2,
    users: { created: 2 },
  });
}, 60_000);

test("issuers that are not configured are refused where some are", async () => {
  const { faults } = await run([{ kind: "user", issuer: "https://other.example.com", subject: "1" }], {
    issuers: new Set([issuer]),
  });
  expect(faults).toEqual([{ line: 1, message: "issuer is not an issuer of the configuration" }]);
});

test("everything arrives once; what is there is left as it is; too many members stay and are told", async () => {
  const lines = [
    ...organizationLines("acme", 3),
    { kind: "invite", organization: "acme", email: "Guest@Example.com", role: "admin" },
    { kind: "usage", organization: "acme", meter: "jobs", quantity: 130 },
    { kind: "usage", organization: "acme", meter: "pages", quantity: 5_000 },
  ];
  const first = await run(lines);
  expect(first).toMatchObject({
    users: { created: 4, existing: 0 },
    organizations: { created: 1, existing: 0 },
    members: { created: 4, existing: 0 },
    invites: { created: 1, existing: 0 },
    usage: { created: 2, existing: 0 },
    overLimit: [{ externalId: "acme", members: 4, limit: 2 }],
  });
  const acme = await idOf("acme");
  await bench.rows("update headroom.organization set name = 'Renamed' where id = $1", acme);
  const after = await everything();
  const again = await run([...lines]);
  expect(again).toMatchObject({
    users: { created: 0, existing: 4 },
    organizations: { created: 0, existing: 1 },
    members: { created: 0, existing: 4 },
    invites: { created: 0, existing: 1 },
    usage: { created: 0, existing: 2 },
  });
  expect(await everything()).toEqual(after);
  const [row] = await bench.rows("select name from headroom.organization where id = $1", acme);
  expect(row).toEqual({ name: "Renamed" });
  expect(await bench.rows("select 1 from headroom.platform_key where revoked_at is null")).toEqual([]);
  expect(await bench.rows("select 1 from headroom.outbox")).toEqual([]);

  // It counts in the period, not today, and is found behind the counter.
  const [owner] = await bench.rows(
    "select user_id as id from headroom.membership where organization_id = $1 and role = 'owner'",
    acme,
  );
  const access = await authorize(bench.api, { kind: "user", userId: String(owner?.id) }, acme, "usage.view");
  const explained = await explainUsage(bench.api, access, { meter: "jobs", window: "period", limit: 10 });
  expect(explained.events).toMatchObject([
    { quantity: 130, mode: "record", idempotencyKey: "import:opening", properties: { source: "import" } },
  ]);
  const [gate] = await bench.rows(
    "select period_used::int from headroom.usage_gate where organization_id = $1 and meter = 'pages'",
    acme,
  );
  expect(gate).toEqual({ period_used: 5_000 });

  // The invite has no link: resending makes one.
  const [pending] = await bench.rows("select id from headroom.invite where organization_id = $1", acme);
  const manage = await authorize(
    bench.api,
    { kind: "user", userId: String(owner?.id) },
    acme,
    "invites.manage",
  );
  const resent = await resendInvite(bench.api, manage, { inviteId: String(pending?.id) });
  expect(resent).toMatchObject({ id: encodeId("inv", String(pending?.id)), role: "admin" });
}, 30_000);

test("people who join while they are imported become members once, and the invite that waited is taken", async () => {
  await run(organizationLines("race"));
  const race = await idOf("race");
  const [owner] = await bench.rows(
    "select user_id as id from headroom.membership where organization_id = $1",
    race,
  );
  const founder = { kind: "user", userId: String(owner?.id), email: "race-0@example.com" } as const;
  await bench.rows("update headroom.plan set seats_included = 50");
  for (let round = 0; round < 6; round += 1) {
    const subject = `racer-${round}`;
    const email = `${subject}@example.com`;
    const { userId } = await ensureUser(bench.api, {
      issuer,
      subject,
      email,
      emailVerified: true,
      name: null,
    });
    const { token } = await invite(bench.api, race, founder, email);
    const line = { kind: "member", organization: "race", user: { issuer, subject }, role: "admin" };
    await Promise.all([
      run([line]),
      run([line]),
      acceptInvite(bench.api, { kind: "user", userId }, { token }).catch(() => undefined),
    ]);
    const members = await bench.rows("select role from headroom.membership where user_id = $1", userId);
    expect(members).toHaveLength(1);
    const invites = await bench.rows("select status from headroom.invite where email = $1", email);
    expect(invites).toEqual([{ status: "accepted" }]);
  }
}, 30_000);

test("usage from before is billed by nobody here, also when billing is live from the start", async () => {
  await bench.restart({ live: true, liveFrom: null });
  await bench.rows("update headroom.billing_mode set live_from = null");
  const customer = await bench.customer(0);
  await run(organizationLines("busy"));
  await bench.link([...bench.priceLines(), { customer, organization: "busy" }]);
  const busy = await idOf("busy");
  await run([{ kind: "usage", organization: "busy", meter: "jobs", quantity: 90 }]);
  const [owner] = await bench.rows(
    "select user_id as id from headroom.membership where organization_id = $1",
    busy,
  );
  const person = { kind: "user", userId: String(owner?.id) } as const;
  const access = await authorize(bench.api, person, busy, "billing.manage");
  await setMaxOverages(bench.api, access, { meter: "jobs", units: 1_000 });
  expect(await bench.consume(busy, "jobs", 40, "record")).toBe(40);
  await bench.advance("P1M");
  await closeDuePeriods(bench.worker);
  const periods = await bench.rows(
    "select total::int, shadow from headroom.usage_period where organization_id = $1 and meter = 'jobs' and total > 0",
    busy,
  );
  expect(periods).toEqual([{ total: 130, shadow: true }]);
  const bills =
    "select quantity::int, status from headroom.overage where organization_id = $1 order by period_start";
  expect(await bench.rows(bills, busy)).toEqual([{ quantity: 30, status: "shadow" }]);
  // The next period is ours.
  expect(await bench.consume(busy, "jobs", 104)).toBe(104);
  await bench.advance("P1M");
  expect(await bench.rows(bills, busy)).toEqual([
    { quantity: 30, status: "shadow" },
    { quantity: 4, status: "sent" },
  ]);
}, 60_000);
