import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "./embedded.ts";

let prepared = "";
let scratch = "";
const isRoot = process.getuid?.() === 0;
const started: EmbeddedPostgres[] = [];

const start = async (name: string, more: { port?: number; settings?: Record<string, string> } = {}) => {
  const server = await startEmbeddedPostgres({
    dataDirectory: path.join(scratch, name),
    log: () => undefined,
    ...more,
  });
  started.push(server);
  return server;
};

const ask = async (url: string, text: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const answer = await client.query({ text, rowMode: "array" });
    return answer.rows[0]?.[0];
  } finally {
    await client.end();
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const makeScratch = (): string => {
  const directory = mkdtempSync(path.join(realpathSync(tmpdir()), "headroom embedded "));
  chmodSync(directory, 0o755);
  return directory;
};

/** Data that is there already: making it takes longer than most of these tests. */
const prepare = (name: string): string => {
  execFileSync("cp", ["-a", path.join(prepared, "data"), path.join(scratch, name)]);
  return name;
};

beforeAll(async () => {
  prepared = makeScratch();
  const dataDirectory = path.join(prepared, "data");
  const server = await startEmbeddedPostgres({ dataDirectory, log: () => undefined });
  await server.stop();
});
afterAll(() => rmSync(prepared, { recursive: true, force: true }));

beforeEach(() => {
  scratch = makeScratch();
});

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});

test("serves on the loopback address, durable, with a password", async () => {
  const server = await start(prepare("first"));
  expect(await ask(server.url, "show fsync")).toBe("on");
  expect(await ask(server.url, "show synchronous_commit")).toBe("on");
  expect(await ask(server.url, "show listen_addresses")).toBe("127.0.0.1");
  expect(await ask(server.url, "show client_connection_check_interval")).toBe("500ms");
  expect(await ask(server.url, "show server_version")).toBe("18.4");
  expect(await ask(server.url, "select lower('ÄÖ')")).toBe("äö");
  await expect(ask(server.url.replace(/:[0-9a-f]{64}@/, ":wrong@"), "select 1")).rejects.toThrow(/password/);
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
});

test("a second start on the same directory finds the data", async () => {
  const first = await start(prepare("kept"));
  await ask(first.url, "create table kept as select 42 as answer");
  await first.stop();
  const second = await start("kept", { settings: { fsync: "off" } });
  expect(await ask(second.url, "select answer from kept")).toBe(42);
  expect(await ask(second.url, "show fsync")).toBe("off");
});

test("after kill -9 it starts again on the same port with every committed row", async () => {
  const first = await start(prepare("killed"));
  await ask(first.url, "create table kept as select 42 as answer");
  const busy = ask(first.url, "select pg_sleep(20)").catch(() => "cut off");
  process.kill(first.pid, "SIGKILL");
  await first.exited;
  const second = await start("killed", { port: first.port });
  expect(second.url).toBe(first.url);
  expect(await ask(second.url, "select answer from kept")).toBe(42);
  expect(await busy).toBe("cut off");
});

test("a lock file whose process id now belongs to another program does not stop it", async () => {
  const first = await start(prepare("stale"));
  process.kill(first.pid, "SIGKILL");
  await first.exited;
  const cluster = path.join(scratch, "stale", "cluster");
  const lock = path.join(cluster, "postmaster.pid");
  writeFileSync(lock, readFileSync(lock, "utf8").replace(String(first.pid), String(process.pid)));
  const second = await start("stale");
  expect(await ask(second.url, "select 1")).toBe(1);
});

test("a port that another program holds is an error that says so", async () => {
  const first = await start(prepare("one"));
  await expect(start(prepare("two"), { port: first.port })).rejects.toThrow(/Address already in use/);
});

test("the server and its temporary data go when the process that started it is killed", async () => {
  const dataDirectory = path.join(scratch, "orphan");
  const script =
    `import { startEmbeddedPostgres } from ${JSON.stringify(path.join(import.meta.dirname, "embedded.ts"))};` +
    `const server = await startEmbeddedPostgres({ dataDirectory: ${JSON.stringify(dataDirectory)}, temporary: true, log: () => {} });` +
    "console.log(server.pid);";
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const pid = Number(line);
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, "SIGKILL")));
  expect(isAlive(pid)).toBe(true);
  child.kill("SIGKILL");
  await expect.poll(() => isAlive(pid) || existsSync(dataDirectory), { timeout: 10_000 }).toBe(false);
});

if (isRoot) {
  test("root hands the server over to another account", async () => {
    const server = await start("handed");
    expect(statSync(path.join(scratch, "handed", "cluster")).uid).not.toBe(0);
    expect(await ask(server.url, "select 1")).toBe(1);
  });

  test("below a directory that only root can enter, the data goes outside and no mode changes", async () => {
    const closed = path.join(scratch, "closed");
    mkdirSync(closed, { mode: 0o700 });
    const said: string[] = [];
    const dataDirectory = path.join(closed, "data");
    const begin = () => startEmbeddedPostgres({ dataDirectory, log: (line) => said.push(line) });
    const first = await begin();
    started.push(first);
    const outside = readFileSync(path.join(dataDirectory, "location"), "utf8").trim();
    onTestFinished(() => rmSync(outside, { recursive: true, force: true }));
    expect(outside).toMatch(/^\/var\/lib\/headroom\/[0-9a-f]{16}$/);
    expect(said.join("\n")).toContain(`its data is in ${outside}`);
    expect(statSync(closed).mode & 0o777).toBe(0o700);
    await ask(first.url, "create table kept as select 42 as answer");
    await first.stop();
    const second = await begin();
    started.push(second);
    expect(await ask(second.url, "select answer from kept")).toBe(42);
  });
}
