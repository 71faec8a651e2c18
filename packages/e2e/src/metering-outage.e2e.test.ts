import { setTimeout as sleep } from "node:timers/promises";
import { createHeadroomClient, type HeadroomClient, isHeadroomError } from "@headroom/client";
import { freePort } from "@headroom/db/testing/embedded";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeSubjects, type Subject } from "./metering-plan.ts";
import { type MeteringStack, startMeteringStack } from "./metering-stack.ts";
import { until } from "./people.ts";

/** A lane's patience with a silent database, and what a busy machine adds. */
const silenceMs = 3_000;
const slackMs = 2_500;
const flood = 3_000;
const rounds = 3;
const callsInARequest = 50;
const mostGrowth = 100 * 2 ** 20;

let stack: MeteringStack;
let subject: Subject;
let client: HeadroomClient;
let metricsPort: number;

beforeAll(async () => {
  metricsPort = await freePort();
  // A heap that is kept small, so that what stays behind shows, and what is merely not collected yet does not.
  const NODE_OPTIONS = "--max-old-space-size=160 --max-semi-space-size=4";
  stack = await startMeteringStack({ METRICS_PORT: String(metricsPort), NODE_OPTIONS }, ["api-0"]);
  const { subjects } = await makeSubjects(stack.admin, 1_000);
  subject = subjects.find(({ name }) => name === "open") as Subject;
  client = createHeadroomClient({ url: stack.urls[0] ?? "", apiKey: subject.secret });
});
afterAll(() => stack?.stop());

const consume = (idempotencyKey?: string) =>
  client.usage.consume.mutate({ quantity: 1, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) });

const check = () => client.usage.check.query({ organizationId: "current", quantity: 1 });

/** What came of a call, and after how many milliseconds. */
async function timed(call: Promise<{ allowed: boolean }>): Promise<{ told: string; ms: number }> {
  const startedAt = performance.now();
  const told = await call.then(
    ({ allowed }) => `allowed: ${allowed}`,
    (error: unknown) => (isHeadroomError(error) ? error.data.reason : String(error)),
  );
  return { told, ms: performance.now() - startedAt };
}

async function residentBytes(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/^process_resident_memory_bytes\S* (\S+)$/m.exec(text)?.[1]);
}

const slowest = (answers: readonly { ms: number }[]) => Math.max(...answers.map(({ ms }) => ms));

/** `count` calls at once, in requests of fifty. */
const floodWith = (count: number) =>
  Promise.all(
    Array.from({ length: Math.ceil(count / callsInARequest) }, () =>
      Promise.all(Array.from({ length: callsInARequest }, () => timed(consume()))),
    ),
  ).then((requests) => requests.flat());

test("a database that is gone: 503 at once, and everything works again without a restart of the api", async () => {
  const api = stack.processOf("api-0");
  expect(await consume("before")).toMatchObject({ allowed: true, duplicate: false });
  stack.kill("postgres");
  const answers = await Promise.all(["before", "during"].map((key) => timed(consume(key))));
  expect(answers.map(({ told }) => told)).toEqual(["unavailable", "unavailable"]);
  expect(slowest(answers)).toBeLessThan(silenceMs + slackMs);
  const after = await until(
    () => consume("during").catch(() => null),
    (answer) => answer !== null,
  );
  expect(after).toMatchObject({ allowed: true });
  expect(await consume("before")).toMatchObject({ allowed: true, duplicate: true });
  expect(stack.processOf("api-0")).toBe(api);
});

test("a database that is silent: 503 in time, and memory stays bounded", async () => {
  const api = stack.processOf("api-0");
  await consume();
  stack.signalPostgres("SIGSTOP");
  try {
    const waiting = [timed(consume("silent"))];
    await sleep(500); // so that it is on its way, on a connection that stands
    waiting.push(timed(consume("behind it")), timed(check()));
    expect((await fetch(`${stack.urls[0]}/readyz`)).status).toBe(503);
    expect((await fetch(`${stack.urls[0]}/livez`)).status).toBe(200);
    const answers = await Promise.all(waiting);
    expect(answers.map(({ told }) => told)).toEqual(["unavailable", "unavailable", "unavailable"]);
    expect(slowest(answers)).toBeLessThan(silenceMs + slackMs);

    const told = new Set<string>();
    const resident: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const answer of await floodWith(flood)) told.add(answer.told);
      resident.push(await residentBytes());
    }
    expect(told).toEqual(new Set(["unavailable"]));
    const [once = 0, ...later] = resident;
    expect(Math.max(...later) - once).toBeLessThan(mostGrowth);
  } finally {
    stack.signalPostgres("SIGCONT");
  }
  const again = await until(
    () => consume("silent").catch(() => null),
    (answer) => answer !== null,
  );
  expect(again).toMatchObject({ allowed: true });
  expect(stack.processOf("api-0")).toBe(api);
  expect(JSON.parse(await stack.headroom("usage", "verify", "--json"))).toMatchObject({ mismatches: [] });
});
