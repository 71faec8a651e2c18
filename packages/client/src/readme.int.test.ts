import { tokenOf } from "@headroom/api/testing/live";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createHeadroomClient, createMeter, isHeadroomError, type MeterError } from "./index.ts";
import { examplesIn, runExample } from "./testing/examples.ts";
import { startMeteringServer } from "./testing/metering-server.ts";
import { stageMetering } from "./testing/staged-meter.ts";

const readme = "packages/client/README.md";
let staged: Awaited<ReturnType<typeof stageMetering>>;
let reservations: Awaited<ReturnType<typeof startMeteringServer>>;
const shown: unknown[] = [];
const show = (text: unknown) => shown.push(text);
beforeAll(async () => {
  staged = await stageMetering();
  reservations = await startMeteringServer();
});
afterAll(async () => {
  await staged?.close();
  await reservations?.close();
});
beforeEach(() => {
  staged.line.fates = ["pass"];
  shown.length = 0;
});

const rejected: MeterError[] = [];
const scopeOf = (more: object) => ({
  organizationId: staged.stage.organizationId,
  show,
  createMeter,
  ...more,
});
const meterOf = () => staged.meterOf({ onRejected: (error) => rejected.push(error) });

test("every example is run here", () => {
  expect(examplesIn(readme)).toEqual([
    "client",
    "refusal",
    "react-query",
    "meter",
    "consume",
    "outage",
    "record",
    "end",
    "reservation",
    "commit",
  ]);
});

test("the client", async () => {
  const session = { accessToken: async () => tokenOf(staged.stage.ada) };
  await runExample(readme, "client", scopeOf({ url: staged.url, session }));
  expect(shown).toEqual(["user: There is no such organization."]);
});

test("the meter", async () => {
  const told: unknown[] = [];
  const scope = { url: staged.url, apiKey: "hr_test_x", log: (code: unknown) => told.push(code) };
  const meter = await runExample(readme, "meter", scope, "meter");
  await meter.record({ quantity: 1 }).catch(() => undefined);
  expect(told).toEqual(["refused"]);
});

test("consume, with room, without, and without an answer", async () => {
  await using meter = meterOf();
  let crawled = 0;
  const crawl = async () => {
    crawled += 1;
  };
  const run = (id: string) => runExample(readme, "consume", scopeOf({ meter, crawl, job: { id } }));
  await run("job-1");
  await run("job-1");
  expect([crawled, await staged.used()]).toEqual([2, 2]);
  await meter.consume({ quantity: 98 });
  await run("job-2");
  staged.line.fates = ["drop"];
  await run("job-3");
  expect(shown).toEqual([expect.stringMatching(/^daily_limit, again in \d+ s$/), "Headroom cannot be asked"]);
});

test("an outage", async () => {
  await using meter = meterOf();
  const before = await staged.used();
  staged.line.fates = ["drop", "drop", "drop", "pass"];
  await runExample(readme, "outage", scopeOf({ meter }));
  expect(shown).toEqual(["allowed: true, to be recorded: true"]);
  await meter.flush();
  expect(await staged.used()).toBe(before + 1);
});

test("record", async () => {
  await using meter = meterOf();
  const before = await staged.used();
  await runExample(readme, "record", scopeOf({ meter }));
  expect(shown).toEqual([expect.stringMatching(/^[0-9a-f-]{36} names no meter of ours$/)]);
  await meter.flush();
  expect(await staged.used()).toBe(before + 3);
});

test("the end", async () => {
  const before = await staged.used();
  await runExample(readme, "end", scopeOf({ headroom: staged.client }));
  expect([shown, await staged.used()]).toEqual([["everything is sent"], before + 1]);
});

test("reservations", async () => {
  const client = createHeadroomClient({ url: reservations.url, apiKey: "hr_test_x" });
  await using meter = createMeter(client, { timeoutMs: 6_000 });
  const crawl = async () => [1, 2, 3];
  await runExample(readme, "reservation", scopeOf({ meter, crawl, job: null }));
  await runExample(readme, "commit", scopeOf({ meter }));
  reservations.state.limit = 60;
  await runExample(readme, "reservation", scopeOf({ meter, crawl, job: null }));
  expect(shown).toEqual(["used 3", "counted 20", "no room for 50"]);
});

test("refusals, TanStack Query and live events", async () => {
  const { world, acme, ada } = staged.stage;
  const headroom = createHeadroomClient({ url: staged.stage.server.url, token: tokenOf(ada) });
  const stop = await runExample(readme, "react-query", scopeOf({ headroom }), "stop");
  expect(shown[0]).toBe("1 of 5 seats");
  await vi.waitFor(() => expect(shown[1]).toBe("live"), { timeout: 5_000 });
  for (let member = 0; member < 4; member += 1) await world.join(acme, ada);
  await vi.waitFor(() => expect(shown).toContain("member.joined"), { timeout: 5_000 });
  stop();
  shown.length = 0;
  await runExample(readme, "refusal", scopeOf({ headroom, isHeadroomError }));
  expect(shown).toEqual([expect.stringMatching(/^5 of 5 seats are taken; \d+ plans have more$/)]);
});
