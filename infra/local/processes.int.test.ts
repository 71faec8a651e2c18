import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { freePort } from "@headroom/db/testing/embedded";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type KeptProcess, keepRunning, type ProcessSpec } from "./processes.ts";

let directory = "";
let said: string[] = [];
const kept: KeptProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "headroom processes "));
  said = [];
});

afterEach(async () => {
  await Promise.all(kept.splice(0).map((one) => one.stop()));
  rmSync(directory, { recursive: true, force: true });
});

const server = `
  import { createServer } from "node:http";
  const started = createServer((request, response) => response.end(String(process.pid)));
  started.listen(Number(process.env.PORT), "127.0.0.1");
  process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });
`;

const specOf = (name: string, source: string, port: number): ProcessSpec => {
  const script = path.join(directory, `${name}.ts`);
  writeFileSync(script, source);
  return { name, script, environment: { PORT: String(port) }, readyUrl: `http://127.0.0.1:${port}/readyz` };
};

const keep = (spec: ProcessSpec, onRestart?: () => void): KeptProcess => {
  const one = keepRunning(spec, {
    logDirectory: path.join(directory, "logs"),
    log: (line) => said.push(line),
    ...(onRestart && { onRestart }),
  });
  kept.push(one);
  return one;
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const pidBehind = async (url: string): Promise<number> => {
  try {
    return Number(await (await fetch(url)).text());
  } catch {
    return 0;
  }
};

test("a killed process is started again at once, on its port, and its new id is told", async () => {
  const restarted: { pid: number | null; at: number }[] = [];
  const spec = specOf("server", server, await freePort());
  const one = keep(spec, () => restarted.push({ pid: one.pid(), at: performance.now() }));
  await one.ready();
  const first = one.pid() as number;
  const killedAt = performance.now();
  process.kill(first, "SIGKILL");
  await expect
    .poll(async () => [0, first].includes(await pidBehind(spec.readyUrl)), { timeout: 10_000 })
    .toBe(false);
  expect(restarted.map(({ pid }) => pid)).toEqual([one.pid()]);
  // What comes after is the time that the program itself needs to start.
  expect((restarted[0]?.at ?? Number.POSITIVE_INFINITY) - killedAt).toBeLessThan(1_000);
  expect(said).toEqual(["server ended (SIGKILL): starting it again"]);
});

test("one that is given other variables comes back with them, and nobody is told of an end", async () => {
  const [port, other] = [await freePort(), await freePort()];
  const spec = specOf("moved", server, port);
  const moved = keep({ ...spec, readyUrl: `http://127.0.0.1:${port}/readyz` });
  await moved.ready();
  const before = moved.pid();
  const both = `${server}
    import { createServer as second } from "node:http";
    if (process.env.SECOND) second((request, response) => response.end("second")).listen(Number(process.env.SECOND), "127.0.0.1");`;
  writeFileSync(spec.script, both);
  await moved.restart({ PORT: String(port), SECOND: String(other) });
  expect(moved.pid()).not.toBe(before);
  expect(await (await fetch(`http://127.0.0.1:${other}`)).text()).toBe("second");
  expect(said).toEqual([]);
});

test("stop lets it end in order and starts nothing again", async () => {
  const one = keep(specOf("server", server, await freePort()));
  await one.ready();
  const pid = one.pid() as number;
  await one.stop();
  expect(isAlive(pid)).toBe(false);
  expect(one.pid()).toBeNull();
  expect(readFileSync(path.join(directory, "logs", "server.log"), "utf8")).toBe("bye\n");
});

test("one that never starts is an error with its last words", async () => {
  const one = keep(specOf("broken", 'throw new Error("no such variable")', await freePort()));
  await expect(one.ready()).rejects.toThrow(/broken does not start:.*no such variable/s);
});

test("children end when their supervisor is killed", async () => {
  const spec = specOf("server", server, await freePort());
  const supervisor =
    `import { keepRunning } from ${JSON.stringify(path.join(import.meta.dirname, "processes.ts"))};` +
    `const one = keepRunning(${JSON.stringify(spec)}, { logDirectory: ${JSON.stringify(directory)}, log() {} });` +
    "await one.ready(); console.log(one.pid());";
  const child = spawn(process.execPath, ["--input-type=module", "-e", supervisor], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  expect(isAlive(Number(line))).toBe(true);
  child.kill("SIGKILL");
  await expect.poll(() => isAlive(Number(line)), { timeout: 10_000 }).toBe(false);
});
