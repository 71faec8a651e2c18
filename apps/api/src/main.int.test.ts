import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startTestIssuer, type TestIssuer } from "./testing/issuers.ts";

let database: TestDatabase;
let issuer: TestIssuer;
const children: ChildProcess[] = [];

beforeAll(async () => {
  [database, issuer] = await Promise.all([createTestDatabase(), startTestIssuer()]);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => Promise.all([database.drop(), issuer.close()]));

/** The api as a process of its own; its address once it says so, and how it ended. */
function start(variables: Record<string, string>) {
  const configuration = path.resolve(import.meta.dirname, "../../../headroom.config.ts");
  const child = spawn(process.execPath, [path.join(import.meta.dirname, "main.ts")], {
    env: {
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NODE_OPTIONS: process.env.NODE_OPTIONS,
      HEADROOM_ENV: "test",
      HOST: "127.0.0.1",
      PORT: "0",
      HEADROOM_CONFIG: configuration,
      ...variables,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let output = "";
  let errors = "";
  const started = Promise.withResolvers<string>();
  child.stdout?.on("data", (chunk) => {
    output += chunk;
    const url = /"url":"([^"]+)".*"api started"/.exec(output)?.[1];
    if (url !== undefined) started.resolve(url);
  });
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, errors }));
  });
  void ended.then((end) => started.reject(new Error(`ended with ${end.code}: ${end.errors}`)));
  started.promise.catch(() => undefined);
  return { child, url: started.promise, ended };
}

describe("the api", () => {
  test("starts with a database and an issuer, knows its caller, and stops in order", async () => {
    const api = start({
      DATABASE_URL: database.url,
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: issuer.settings.audience,
    });
    const url = await api.url;
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: "ok", checks: { database: "ok", migrations: "ok", partitions: "ok" } },
    ]);
    const answer = await fetch(`${url}/v1/me`, {
      headers: { authorization: `Bearer ${await issuer.sign()}` },
    });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      {
        kind: "user",
        user: { email: "ada@example.com", email_verified: true, active_organization_id: null },
      },
    ]);
    expect((await fetch(`${url}/v1/me`)).status).toBe(401);
    const forged = () => fetch(`${url}/v1/me`, { headers: { authorization: "Bearer forged" } });
    const refused = await Promise.all(Array.from({ length: 40 }, forged));
    expect(refused.filter(({ status }) => status === 401)).toHaveLength(30);
    expect(refused.filter(({ status }) => status === 429)).toHaveLength(10);
    api.child.kill("SIGTERM");
    expect(await api.ended).toEqual({ code: 0, errors: "" });
  });

  test("names every fault of its environment at once, and no secret", async () => {
    const { ended } = start({
      DATABASE_URL: "mysql://app:hunter2@db",
      LOG_LEVEL: "loud",
      STRIPE_SECRET_KEY: "hunter2",
    });
    const { code, errors } = await ended;
    expect(code).toBe(1);
    for (const name of ["DATABASE_URL", "LOG_LEVEL", "STRIPE_SECRET_KEY"]) expect(errors).toContain(name);
    expect(errors).not.toContain("hunter2");
  });

  test.each([
    [
      "a login that row-level security would not hold",
      () => ({ DATABASE_URL: database.adminUrl }),
      "superuser",
    ],
    [
      "a database that is not there",
      () => ({ DATABASE_URL: "postgres://app@127.0.0.1:1/none" }),
      "ECONNREFUSED",
    ],
    ["half an issuer", () => ({ DATABASE_URL: database.url, OIDC_ISSUER: issuer.url }), "OIDC_AUDIENCE"],
    [
      "a local issuer in production",
      () => ({
        DATABASE_URL: database.url,
        HEADROOM_ENV: "production",
        OIDC_ISSUER: issuer.url,
        OIDC_AUDIENCE: "a",
      }),
      "loopback",
    ],
    [
      "a Stripe sandbox in production",
      () => ({
        DATABASE_URL: database.url,
        HEADROOM_ENV: "production",
        STRIPE_API_BASE: "http://127.0.0.1:1",
      }),
      "STRIPE_API_BASE",
    ],
  ])("refuses %s", async (_name, variables, reason) => {
    const { code, errors } = await start(variables()).ended;
    expect(code).toBe(1);
    expect(errors).toContain(reason);
  });

  test("refuses a moved clock in production", async () => {
    await database.admin.query("update headroom.dev_clock set clock_offset = interval '1 day'");
    try {
      const { code, errors } = await start({ DATABASE_URL: database.url, HEADROOM_ENV: "production" }).ended;
      expect([code, errors]).toEqual([1, expect.stringContaining("clock")]);
    } finally {
      await database.admin.query("update headroom.dev_clock set clock_offset = interval '0'");
    }
  });

  test("refuses to list invite links without the key that makes them", async () => {
    const directory = mkdtempSync(path.join(tmpdir(), "api-"));
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
      const variables = { DATABASE_URL: database.url, HEADROOM_CONFIG: file };
      const { code, errors } = await start(variables).ended;
      expect([code, errors]).toEqual([1, expect.stringContaining("INVITE_LINK_KEY is not set")]);
      const api = start({ ...variables, INVITE_LINK_KEY: "k".repeat(32) });
      expect(await api.url).toContain("http");
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
