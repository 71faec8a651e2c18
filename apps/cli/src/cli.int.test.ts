import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory, type Factory } from "@headroom/db/testing/factories";
import { encodeId } from "@headroom/domain/ids";
import { createLogger } from "@headroom/platform/log";
import { uuidv7 } from "@headroom/platform/uuid";
import { resolveKey } from "@headroom/service/api-keys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "./program.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "headroom-cli-"));
const log = createLogger({ service: "test", level: "silent" });

let database: TestDatabase;
let factory: Factory;
beforeAll(async () => {
  database = await createTestDatabase();
  factory = createFactory(database.admin);
});
afterAll(async () => {
  await database?.drop();
  rmSync(scratch, { recursive: true });
});

interface Outcome {
  code: number;
  out: string;
  err: string;
}

const root = path.join(import.meta.dirname, "../../..");

const environmentOf = (more: Record<string, string> = {}): Record<string, string> => ({
  HEADROOM_ENV: "development",
  HEADROOM_CONFIG: path.join(root, "headroom.config.ts"),
  HEADROOM_STACK: path.join(scratch, "none.json"),
  DATABASE_URL: database.url,
  ...more,
});

const headroom = async (parameters: string[], environment?: Record<string, string>): Promise<Outcome> => {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await runProgram(parameters, environmentOf(environment), { ...terminal, isWatched: false });
  return { code, out: out.join(""), err: err.join("") };
};

/** Runs the command line in a process of its own. */
const headroomApart = (parameters: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [path.join(import.meta.dirname, "main.ts"), ...parameters],
      { cwd: scratch, env: environmentOf({ PATH: process.env.PATH ?? "" }) },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });

const json = ({ code, out, err }: Outcome) => {
  expect({ err, lines: out.trimEnd().split("\n").length }).toMatchObject({ lines: 1 });
  return { code, ...JSON.parse(out) };
};

test("a reader that has seen enough, as head has, is no failure", async () => {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "main.ts"), "--help"], {
    env: environmentOf(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.destroy();
  expect(await once(child, "exit")).toEqual([0, null]);
});

describe("migrate", () => {
  test("brings an empty database to the schema, and finds nothing to do the second time", async () => {
    const name = `headroom_cli_${randomBytes(4).toString("hex")}`;
    await database.admin.query(`create database ${name} template template0`);
    const url = Object.assign(new URL(database.adminUrl), { pathname: `/${name}` }).href;
    const first = json(await headroom(["migrate", "--json"], { DATABASE_URL: url }));
    const second = await headroom(["migrate"], { DATABASE_URL: url });
    await database.admin.query(`drop database ${name} with (force)`);
    expect(first).toMatchObject({ code: 0, applied: expect.arrayContaining(["0001_tenancy"]) });
    expect(second).toMatchObject({ code: 0, out: "nothing to do\n" });
  });

  test("says on standard error why it failed, without the password", async () => {
    const { code, out, err } = await headroom(["migrate"], {
      DATABASE_URL: "postgres://someone:hunter2@127.0.0.1:1/nowhere",
    });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/ECONNREFUSED.*\nheadroom doctor tells what is wrong, and what to do\n$/);
    expect(err).not.toContain("hunter2");
  });
});

describe("plans push", () => {
  test("first says what it would do, then does it, then has nothing to do", async () => {
    const dry = json(await headroom(["plans", "push", "--dry-run", "--json"]));
    expect(dry).toMatchObject({
      code: 0,
      dryRun: true,
      meters: [{ name: "pages", change: "created" }, { name: "jobs" }],
      plans: [
        { id: "free", version: 1, change: "created" },
        { id: "pro", version: 1, change: "created" },
      ],
      prices: null,
    });
    expect((await database.admin.query("select from headroom.plan")).rowCount).toBe(0);
    const people = await headroom(["plans", "push"]);
    expect(people.code).toBe(0);
    expect(people.out).toContain("plan   free v1  created\n");
    expect((await database.admin.query("select from headroom.plan")).rowCount).toBe(2);
    const again = json(await headroom(["plans", "push", "--json"]));
    expect(again.plans).toMatchObject([{ change: "unchanged" }, { change: "unchanged" }]);
  });

  test("in development a live Stripe key is refused and not repeated", async () => {
    const { code, out, err } = await headroom(["plans", "push"], { STRIPE_SECRET_KEY: "sk_live_abc123" });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("live key");
    expect(err).not.toContain("abc123");
  });
});

describe("keys create", () => {
  const resolve = async (secret: string) => resolveKey({ db: await database.connect("hr_api"), log }, secret);

  test("--platform --replace revokes the platform keys of that name, and prints the secret once", async () => {
    const create = [
      "keys",
      "create",
      "--platform",
      "--name",
      "dev",
      "--replace",
      "--scopes",
      "all",
      "--json",
    ];
    const first = json(await headroom(create));
    const other = json(await headroom(create.map((part) => (part === "dev" ? "other" : part))));
    const said = await headroom(create);
    const second = json(said);
    expect(second).toEqual({
      code: 0,
      key: expect.stringMatching(/^hr_test_/),
      id: expect.stringMatching(/^key_/),
    });
    expect(said.err).not.toContain(second.key);
    expect(await resolve(first.key)).toBe(null);
    expect(await resolve(other.key)).toMatchObject({ kind: "platform_key" });
    expect(await resolve(second.key)).toMatchObject({ kind: "platform_key", onBehalfOf: null });
  });

  test("--organization makes a key of that organization, audited as an operator's act", async () => {
    const organization = await factory.organization();
    const create = ["keys", "create", "--name", "back end", "--scopes", "usage:write,usage:read"];
    const { code, out } = await headroom(
      [...create, "--organization", encodeId("org", organization), "--expires", "2099-01-01"],
      { USER: "kim" },
    );
    expect(code).toBe(0);
    expect(await resolve(out.trim())).toMatchObject({
      kind: "organization_key",
      organizationId: organization,
      scopes: ["usage:write", "usage:read"],
    });
    const { rows } = await database.admin.query(
      "select actor_kind, actor_id from headroom.audit_entry where organization_id = $1",
      [organization],
    );
    expect(rows).toEqual([{ actor_kind: "operator", actor_id: "kim" }]);
  });

  test("an unknown organization is an error", async () => {
    const stranger = "org_01890000-0000-7000-8000-000000000000";
    const { code, out, err } = await headroom([
      "keys",
      "create",
      "--organization",
      stranger,
      "--name",
      "n",
      "--scopes",
      "all",
    ]);
    expect({ code, out, err }).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/no such organization/i),
    });
  });
});

describe("usage", () => {
  test("verify answers 0 when counters equal their events, 1 and where when one does not; recompute repairs it", async () => {
    const organization = await factory.organization();
    const id = encodeId("org", organization);
    await database.admin.query("select headroom.create_gates(array[$1::uuid], array['pages'])", [
      organization,
    ]);
    expect(json(await headroom(["usage", "verify", "--json"]))).toMatchObject({
      code: 0,
      checked: 1,
      days: 0,
      mismatches: [],
    });
    await database.admin.query("update headroom.usage_gate set day_used = 7 where organization_id = $1", [
      organization,
    ]);
    const mismatch = { organizationId: id, meter: "pages", kind: "day_used", counter: 7, recount: 0 };
    const differs = {
      code: 1,
      checked: 1,
      days: 0,
      mismatches: [{ ...mismatch, windowStart: expect.stringMatching(/T00:00:00.000Z$/) }],
    };
    expect(json(await headroom(["usage", "verify", id, "--json"]))).toEqual(differs);
    expect(json(await headroom(["usage", "verify", "--organization", id, "--json"]))).toEqual(differs);
    const people = await headroom(["usage", "verify"]);
    expect(people.code).toBe(1);
    expect(people.out).toMatch(/^organization +meter +what +since +kept +counted\n/);
    expect(people.out).toContain("1 counter and 0 sealed days checked, 1 differs\n");
    const { rows } = await database.admin.query("select differences::int from headroom.usage_check");
    expect(rows).toEqual([{ differences: 1 }]);
    const elsewhere = encodeId("org", await factory.organization());
    expect(json(await headroom(["usage", "verify", elsewhere, "--json"]))).toMatchObject({
      code: 0,
      checked: 0,
    });

    const none = { dayUsed: 0, periodUsed: 0, dayHeld: 0, periodHeld: 0 };
    const meters = [{ meter: "pages", before: { ...none, dayUsed: 7 }, after: none, changed: true }];
    const dry = json(await headroom(["usage", "recompute", id, "--dry-run", "--json"]));
    await database.admin.query("insert into headroom.organization_slug values ('acme', $1)", [organization]);
    expect(json(await headroom(["usage", "recompute", "acme", "--dry-run", "--json"]))).toEqual(dry);
    expect(json(await headroom(["usage", "verify", "acme", "--json"]))).toEqual(differs);
    const unknown = encodeId("org", uuidv7());
    for (const command of ["verify", "recompute"]) {
      expect(await headroom(["usage", command, "nowhere"])).toMatchObject({ code: 1, out: "" });
      expect(await headroom(["usage", command, unknown])).toMatchObject({ code: 1, out: "" });
    }
    expect(dry).toEqual({ code: 0, organizationId: id, dryRun: true, meters, days: [], remaining: [] });
    expect((await headroom(["usage", "verify", id])).code).toBe(1);
    const done = await headroom(["usage", "recompute", id, "--meter", "pages"], { USER: "kim" });
    expect(done).toMatchObject({ code: 0 });
    expect(done.out).toContain("pages  used today          7 → 0\n");
    expect(done.out).toContain("1 of 1 meter set, 0 received days tallied again\n");
    expect((await headroom(["usage", "verify", id])).code).toBe(0);
    const { rows: entries } = await database.admin.query(
      "select actor_id, action from headroom.audit_entry where organization_id = $1",
      [organization],
    );
    expect(entries).toEqual([{ actor_id: "kim", action: "usage.recomputed" }]);
  });

  test("recompute says that a closed period's total is not edited", async () => {
    const organization = await factory.organization();
    await database.admin.query(
      `insert into headroom.usage_period (organization_id, meter, period_start, period_end, plan_id, plan_version,
         billable, closed_at, total, over_cap)
       values ($1, 'pages', now() - interval '2 months', now() - interval '1 month', 'free', 1, false, now(), 3, 0)`,
      [organization],
    );
    const { code, out } = await headroom(["usage", "recompute", encodeId("org", organization)]);
    expect({ code, out }).toEqual({
      code: 1,
      out: expect.stringContaining(
        "a closed period's total is not edited here: what was billed follows it\n",
      ),
    });
    await database.admin.query("delete from headroom.usage_period where organization_id = $1", [
      organization,
    ]);
    await headroom(["usage", "verify"]);
  });
});

describe("without DATABASE_URL", () => {
  const stack = path.join(scratch, "stack.json");
  const verify = (environment: Record<string, string>) =>
    headroom(["usage", "verify", "--json"], { DATABASE_URL: "", HEADROOM_STACK: stack, ...environment });

  test("the development stack of the checkout is meant, never in production", async () => {
    const none = await verify({});
    expect(none).toMatchObject({ code: 1, out: "" });
    expect(none.err).toContain("DATABASE_URL is not set");
    writeFileSync(stack, JSON.stringify({ databaseUrl: database.url }));
    expect(json(await verify({ HEADROOM_ENV: "" })).checked).toEqual(expect.any(Number));
    const production = await verify({ HEADROOM_ENV: "production" });
    expect(production).toMatchObject({ code: 1, out: "" });
    expect(production.err).toContain("DATABASE_URL is not set");
  });
});

test("the process ends with the command's exit code, and keeps its streams apart", async () => {
  const [verified, misused] = await Promise.all([
    headroomApart(["usage", "verify", "--organization", encodeId("org", await factory.organization())]),
    headroomApart(["usage", "verify", "--loudly"]),
  ]);
  expect(verified).toEqual({ code: 0, out: "0 counters and 0 sealed days checked, 0 differ\n", err: "" });
  expect(misused).toMatchObject({ code: 2, out: "", err: expect.stringContaining("unknown option") });
});
