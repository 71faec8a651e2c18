import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A process that supervises itself, with two parts, the second of which behaves as told. */
function start(behaviour: string, deadlineMs = 2_000) {
  const here = (file: string) => JSON.stringify(path.join(import.meta.dirname, file));
  const script = `
    import { superviseProcess } from ${here("lifecycle.ts")};
    import { createLogger } from ${here("log.ts")};
    const lifecycle = superviseProcess(createLogger({ service: "test", level: "info" }), ${deadlineMs});
    lifecycle.onStop("first", () => console.log("first stopped"));
    lifecycle.onStop("second", async () => { console.log("second stopped"); ${behaviour === "reject" ? 'throw new Error("no");' : ""} ${behaviour === "hang" ? "await new Promise(() => {});" : ""} });
    setInterval(() => {}, 1000);
    ${behaviour === "crash" ? 'setTimeout(() => { Promise.reject(new Error("nobody caught this")); }, 10);' : ""}
    console.log("ready");
  `;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  children.push(child);
  let output = "";
  const ready = Promise.withResolvers<void>();
  child.stdout?.on("data", (chunk) => {
    output += chunk;
    if (output.includes("ready")) ready.resolve();
  });
  // Not `close`: it never comes to a child whose channel the parent has closed.
  const streamed = new Promise((resolve) => child.stdout?.once("close", resolve));
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => void streamed.then(() => resolve(code)));
  });
  return { child, ready: ready.promise, exited, output: () => output };
}

describe("a process", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "stops its parts in reverse order on %s and exits 0",
    async (signal) => {
      const { child, ready, exited, output } = start("well");
      await ready;
      child.kill(signal);
      expect(await exited).toBe(0);
      expect(output()).toMatch(/second stopped[\s\S]*first stopped/);
    },
  );

  test("stops when the parent that supervises it is gone", async () => {
    const { child, ready, exited, output } = start("well");
    await ready;
    child.disconnect();
    expect(await exited).toBe(0);
    expect(output()).toContain('"reason":"parent gone"');
  });

  test("stops the other parts when one fails, and exits 1", async () => {
    const { child, ready, exited, output } = start("reject");
    await ready;
    child.kill("SIGTERM");
    expect(await exited).toBe(1);
    expect(output()).toContain("first stopped");
  });

  test("exits 1 at the deadline when a part does not stop", async () => {
    const { child, ready, exited } = start("hang", 200);
    await ready;
    child.kill("SIGTERM");
    expect(await exited).toBe(1);
  });

  test("exits 1 at once on a second signal", async () => {
    const { child, ready, exited, output } = start("hang", 60_000);
    await ready;
    child.kill("SIGTERM");
    while (!output().includes("second stopped")) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    expect(await exited).toBe(1);
  });

  test("logs an error that nobody caught, and exits 1", async () => {
    const { exited, output } = start("crash");
    expect(await exited).toBe(1);
    expect(output()).toMatch(/"level":"fatal".*nobody caught this/);
  });
});
