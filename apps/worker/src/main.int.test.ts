import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory } from "@headroom/db/testing/factories";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

const root = path.join(import.meta.dirname, "../../..");

let database: TestDatabase;
const children: ChildProcess[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => database?.drop());

const spawnWorker = (environment: Record<string, string>) => {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "main.ts")], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      HEADROOM_ENV: "development",
      DATABASE_URL: database.url,
      HOST: "127.0.0.1",
      PORT: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
};

const refused = async (environment: Record<string, string>) => {
  const child = spawnWorker(environment);
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code, said };
};

test("the worker becomes ready, notices a moved clock within seconds, and stops in order", async () => {
  const factory = createFactory(database.admin);
  const terms = { dailyLimit: null, included: 10, overage: null };
  await factory.plan("free", { jobs: terms });
  const organization = await factory.organization();
  await database.admin.query("select headroom.create_gates(array[$1::uuid], array['jobs'])", [organization]);
  const worker = spawnWorker({});
  const exited = once(worker, "exit");
  const faults: string[] = [];
  const url = await new Promise<string>((resolve) => {
    createInterface({ input: worker.stdout }).on("line", (line) => {
      const said = JSON.parse(line);
      if (said.level === "error" || said.level === "fatal") faults.push(line);
      if (said.msg === "worker started") resolve(said.url);
    });
  });
  const ready = async () => {
    const response = await fetch(`${url}/readyz`);
    return { status: response.status, ...((await response.json()) as object) };
  };
  await expect.poll(ready, { timeout: 10_000 }).toEqual({
    status: "ok",
    checks: { database: "ok", migrations: "ok", partitions: "ok", queue: "ok", probe: "ok" },
  });
  const closed = async () => {
    const { rows } = await database.admin.query(
      "select count(*)::integer as count from headroom.usage_period where organization_id = $1 and closed_at is not null",
      [organization],
    );
    return rows[0].count;
  };
  const expired = async () => {
    const { rows } = await database.admin.query(
      "select count(*)::integer as count from headroom.event where organization_id = $1 and name = 'invite.expired'",
      [organization],
    );
    return rows[0].count;
  };
  await database.admin.query(
    `insert into headroom.invite (organization_id, id, email, email_folded, role, status, token_hash, created_at,
       updated_at, expires_at)
     values ($1, gen_random_uuid(), 'a@example.com', 'a@example.com', 'member', 'pending', 'hash', now(), now(),
       now() + interval '7 days')`,
    [organization],
  );
  expect(await closed()).toBe(0);
  await factory.setClock(new Date(Date.now() + 40 * 24 * 3_600_000).toISOString());
  await expect.poll(closed, { timeout: 5_000 }).toBeGreaterThan(0);
  await expect.poll(expired, { timeout: 5_000 }).toBe(1);
  worker.kill("SIGTERM");
  expect((await exited)[0]).toBe(0);
  expect(faults).toEqual([]);
});

test("refuses two ways out for mail", async () => {
  const { code, said } = await refused({ SMTP_URL: "smtp://127.0.0.1:1", LOOPS_API_KEY: "loops-key-1" });
  expect(code).toBe(1);
  expect(said).toContain("SMTP_URL and LOOPS_API_KEY are both set");
  expect(said).not.toContain("loops-key-1");
});

test("production refuses a moved clock", async () => {
  await database.admin.query("update headroom.dev_clock set clock_offset = '1 day'");
  const { code, said } = await refused({ HEADROOM_ENV: "production" });
  expect(code).toBe(1);
  expect(said).toContain("production keeps real time");
});

test("a superuser's login is refused", async () => {
  const { code, said } = await refused({ DATABASE_URL: database.adminUrl });
  expect(code).toBe(1);
  expect(said).toContain("bypasses row-level security");
});

test("every fault of the environment is printed at once, without a secret's value", async () => {
  const { code, said } = await refused({
    DATABASE_URL: "mysql://u:hunter2@h/d",
    PORT: "many",
    STRIPE_SECRET_KEY: "x",
  });
  expect(code).toBe(1);
  for (const name of ["DATABASE_URL", "PORT", "STRIPE_SECRET_KEY"]) {
    expect(said).toContain(name);
  }
  expect(said).not.toContain("hunter2");
});

test("links in lists are refused without the key that makes them", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "worker-"));
  const file = path.join(directory, "headroom.config.mjs");
  writeFileSync(
    file,
    `export default {
      meters: { pages: { displayName: "Pages" } },
      defaultMeter: "pages",
      plans: { free: { displayName: "Free", default: true, seats: { kind: "auto", included: 1 }, meters: { pages: {} } } },
      policies: { invites: { linkInList: true } },
    };`,
  );
  try {
    const { code, said } = await refused({ HEADROOM_CONFIG: file });
    expect([code, said]).toEqual([1, expect.stringContaining("INVITE_LINK_KEY is not set")]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
