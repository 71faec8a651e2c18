import { spawn } from "node:child_process";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startLossyProxy } from "./testing/lossy-proxy.ts";
import { startMeteringServer } from "./testing/metering-server.ts";

let server: Awaited<ReturnType<typeof startMeteringServer>>;
let line: Awaited<ReturnType<typeof startLossyProxy>>;
beforeAll(async () => {
  server = await startMeteringServer();
  line = await startLossyProxy(server.url);
});
afterAll(async () => {
  await line?.close();
  await server?.close();
});
beforeEach(() => {
  line.state.fates = ["pass"];
  server.state.events.clear();
});

const client = path.join(import.meta.dirname, "index.ts");

/** Runs a program in a process of its own; `signalled` by us when it says that it is ready. */
function run(program: string, signals: NodeJS.Signals[] = []) {
  const source = `
    import { createHeadroomClient, createMeter } from ${JSON.stringify(client)};
    const client = createHeadroomClient({ url: ${JSON.stringify(line.url)}, apiKey: "hr_test_key" });
    const slow = { maxAgeMs: 3_600_000 };
    const record = (meter, count) => {
      for (let index = 0; index < count; index += 1) void meter.record({ quantity: 1 });
    };
    ${program}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source]);
  const output = { out: "", err: "" };
  return new Promise<{ code: number | null; signal: string | null; out: string; err: string; ms: number }>(
    (resolve) => {
      let ready = Date.now();
      child.stdout.on("data", (chunk) => {
        if (output.out === "") {
          ready = Date.now();
          for (const signal of signals) child.kill(signal);
        }
        output.out += chunk;
      });
      child.stderr.on("data", (chunk) => {
        output.err += chunk;
      });
      child.on("close", (code, signal) => resolve({ code, signal, ...output, ms: Date.now() - ready }));
    },
  );
}

test("a program that returns from main has lost nothing", async () => {
  const ended = await run(`
    record(createMeter(client, { batch: slow }), 500);
    console.log("main is over");
  `);
  expect(ended).toMatchObject({ code: 0, err: "", out: "main is over\n" });
  expect(server.state.events.size).toBe(500);
  expect(ended.ms).toBeLessThan(5_000);
});

test("a program that returns in an outage waits for its end", async () => {
  line.state.fates = ["drop", "busy", "lose", "pass"];
  const ended = await run(`record(createMeter(client, { batch: { maxAgeMs: 1 } }), 500);`);
  expect(ended).toMatchObject({ code: 0, err: "" });
  expect(server.state.events.size).toBe(500);
});

test("an outage that does not end holds the program up no longer than told, and every event is told", async () => {
  line.state.fates = ["drop"];
  const ended = await run(`
    const codes = {};
    const onRejected = ({ code }) => { codes[code] = (codes[code] ?? 0) + 1; };
    record(createMeter(client, { batch: slow, exit: { timeoutMs: 300 }, onRejected }), 500);
    process.on("exit", () => console.log(JSON.stringify(codes)));
  `);
  expect(ended).toMatchObject({ code: 0, err: "", out: '{"undelivered":500}\n' });
});

test("without a listener the loss is a line on the console, and the program goes on", async () => {
  line.state.fates = ["drop"];
  const ended = await run(`
    const meter = createMeter(client, { batch: slow });
    void meter.record({ quantity: 1, idempotencyKey: "lost" });
    await meter.close(200);
    console.log("still here");
  `);
  expect(ended).toMatchObject({ code: 0, out: "still here\n" });
  expect(ended.err).toBe("Headroom did not count the event lost: undelivered, Headroom could not be asked\n");
});

test("an idle meter holds nothing up", async () => {
  const ended = await run(`
    const meter = createMeter(client, { batch: slow, exit: { signals: ["SIGTERM"] } });
    const recorded = meter.record({ quantity: 1 });
    await meter.flush();
    await recorded;
    console.log(process.listenerCount("beforeExit"), process.listenerCount("SIGTERM"));
  `);
  expect(ended).toMatchObject({ code: 0, out: "0 0\n" });
  expect(ended.ms).toBeLessThan(3_000);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s ends the program, after what waits was sent",
  async (signal) => {
    line.state.fates = [200];
    const ended = await run(
      `
    const exit = { signals: ["SIGTERM", "SIGINT"] };
    record(createMeter(client, { batch: slow, exit }), 250);
    record(createMeter(client, { batch: slow, exit }), 250);
    setInterval(() => undefined, 1_000);
    console.log("ready");
  `,
      [signal],
    );
    expect(ended).toMatchObject({ code: null, signal, err: "" });
    expect(server.state.events.size).toBe(500);
  },
);

test("an application that answers the signal itself decides when it ends", async () => {
  const ended = await run(
    `
    const meter = createMeter(client, { batch: slow, exit: { signals: ["SIGTERM"] } });
    record(meter, 500);
    const running = setInterval(() => undefined, 1_000);
    process.on("SIGTERM", () => setTimeout(async () => {
      record(meter, 1);
      await meter.close();
      process.exit(7);
    }, 700));
    console.log("ready");
  `,
    ["SIGTERM"],
  );
  expect(ended).toMatchObject({ code: 7, signal: null });
  expect(server.state.events.size).toBe(501);
});

test("signals are left alone unless asked for", async () => {
  const ended = await run(
    `record(createMeter(client, { batch: slow }), 1); setInterval(() => undefined, 1_000); console.log("ready");`,
    ["SIGTERM"],
  );
  expect(ended).toMatchObject({ signal: "SIGTERM" });
  expect(server.state.events.size).toBe(0);
});

test("the same signal once more ends it at once", async () => {
  line.state.fates = ["drop"];
  const ended = await run(
    `
    record(createMeter(client, { batch: slow, exit: { signals: ["SIGINT"] } }), 1);
    setInterval(() => undefined, 1_000);
    process.once("SIGINT", () => undefined);
    console.log("ready");
    setTimeout(() => process.kill(process.pid, "SIGINT"), 300);
  `,
    ["SIGINT"],
  );
  expect(ended).toMatchObject({ signal: "SIGINT" });
  expect(ended.ms).toBeLessThan(5_000);
});

test("a runtime without a process, and with timers that are numbers, records as well", async () => {
  const ended = await run(`
    const log = console.log;
    const end = process.exit.bind(process);
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const timers = new Map();
    let next = 0;
    globalThis.setTimeout = (...given) => (timers.set(++next, set(...given)), next);
    globalThis.clearTimeout = (id) => clear(timers.get(id));
    globalThis.process = undefined;
    const meter = createMeter(client, { batch: { maxAgeMs: 10 }, exit: { signals: ["SIGTERM"] } });
    const { status } = await meter.record({ quantity: 1 });
    log(status);
    await meter.close();
    end(0);
  `);
  expect(ended).toMatchObject({ code: 0, out: "recorded\n", err: "" });
});
