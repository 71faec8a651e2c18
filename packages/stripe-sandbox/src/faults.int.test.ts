import Stripe from "stripe";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clearFaults, type FaultRequest, faultsOf, injectFault, requestsSince } from "./testing/controls.ts";
import { openWorkbench, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench({ webhookUrl: undefined });
});
afterEach(() => bench.close());

const inject = (fault: FaultRequest) => injectFault(bench.url, fault);
const names = async () => (await bench.stripe.customers.list({ limit: 100 })).data.map(({ name }) => name);

/** The client as an application has it: it tries again by itself. */
function patient(options: { retries?: number; timeout?: number } = {}): Stripe {
  const { retries = 2, timeout = 5000 } = options;
  const port = Number(new URL(bench.url).port);
  const address = { host: "127.0.0.1", port, protocol: "http" as const };
  return new Stripe("sk_test_patient", { ...address, maxNetworkRetries: retries, timeout });
}

test("a status instead of the work: nothing is done, and 429 says when to come again", async () => {
  await inject({ kind: "status", status: 429, times: 1 });
  const limited = bench.stripe.customers.create({ name: "Ada" });
  await expect(limited).rejects.toMatchObject({
    type: "StripeRateLimitError",
    statusCode: 429,
    headers: { "retry-after": "1" },
  });
  await inject({ kind: "status", status: 503, times: 1 });
  await expect(bench.stripe.customers.create({ name: "Ada" })).rejects.toMatchObject({ statusCode: 503 });
  expect(await names()).toEqual([]);
});

test("a lost answer is got again by the client's retry, with one effect", async () => {
  for (const kind of ["status_after_commit", "reset_after_commit", "hang_after_commit"] as const) {
    const before = (await requestsSince(bench.url)).at(-1)?.seq ?? 0;
    await inject({ kind, method: "POST", times: 1 });
    const made = await patient({ timeout: 400 }).customers.create({ name: kind });
    expect(made.lastResponse.headers["idempotent-replayed"]).toBe("true");
    const tries = (await requestsSince(bench.url, before)).map(({ status, replayed, fault }) => ({
      status,
      replayed,
      fault,
    }));
    expect(tries).toEqual([
      { status: 200, replayed: false, fault: kind },
      { status: 200, replayed: true, fault: null },
    ]);
  }
  expect(await names()).toEqual(["hang_after_commit", "reset_after_commit", "status_after_commit"]);
});

test("a connection that breaks or stays silent before the work leaves no trace", async () => {
  const { customers } = patient({ retries: 0, timeout: 200 });
  // The client tries a closed connection once more even when it is told not to retry.
  await inject({ kind: "reset", times: 2 });
  await expect(customers.create({ name: "reset" })).rejects.toMatchObject({ type: "StripeConnectionError" });
  await inject({ kind: "hang", times: 1 });
  await expect(customers.create({ name: "hang" })).rejects.toMatchObject({ type: "StripeConnectionError" });
  expect(await names()).toEqual([]);
  const log = await requestsSince(bench.url);
  expect(log.map(({ status, fault }) => [status, fault])).toEqual([
    [null, "reset"],
    [null, "reset"],
    [null, "hang"],
    [200, null],
  ]);
});

test("a delay holds the work back, and does it even when the client has gone", async () => {
  await inject({ kind: "delay", ms: 300, times: 1 });
  const started = Date.now();
  await bench.stripe.customers.create({ name: "slow" });
  expect(Date.now() - started).toBeGreaterThanOrEqual(295);
  await inject({ kind: "delay", ms: 300, times: 1 });
  const gone = patient({ retries: 0, timeout: 100 }).customers.create({ name: "left" });
  await expect(gone).rejects.toMatchObject({ type: "StripeConnectionError" });
  expect(await names()).toEqual(["slow"]);
  await expect.poll(names).toEqual(["left", "slow"]);
});

test("a rule takes only its method and path, by whole segments, and only v1", async () => {
  const { stripe } = bench;
  const { id } = await stripe.customers.create({ name: "Ada" });
  await inject({ kind: "status", path: "/v1/customers/*", method: "POST" });
  await expect(stripe.customers.update(id, { name: "Bob" })).rejects.toMatchObject({ statusCode: 500 });
  await stripe.customers.retrieve(id);
  await stripe.customers.create({ name: "Cy" });
  await clearFaults(bench.url);
  await inject({ kind: "status", path: "/v1/customers$" });
  await expect(stripe.customers.list()).rejects.toMatchObject({ statusCode: 500 });
  await stripe.customers.update(id, { name: "Bob" });
  await clearFaults(bench.url);
  await inject({ kind: "status", path: "/v1/customer" });
  await stripe.customers.list();
  await inject({ kind: "status" });
  await expect(stripe.customers.list()).rejects.toMatchObject({ statusCode: 500 });
  expect((await bench.control("/_sandbox/clock")).status).toBe(200);
});

test("a probability hits the same requests for the same seed", async () => {
  const hits = async () => {
    await clearFaults(bench.url);
    await inject({ kind: "status", probability: 0.5, seed: 7 });
    const outcomes: boolean[] = [];
    for (let n = 0; n < 20; n += 1) {
      outcomes.push(
        await bench.stripe.customers.list().then(
          () => true,
          () => false,
        ),
      );
    }
    return outcomes;
  };
  const first = await hits();
  expect(new Set(first)).toEqual(new Set([true, false]));
  expect(await hits()).toEqual(first);
});

test("rules are listed with what they hit, ended one by one, and refused when they make no sense", async () => {
  const { id, seed } = await inject({ kind: "status", times: 2, path: "/v1/events" });
  const other = await inject({ kind: "reset", path: "/v1/prices" });
  await expect(bench.stripe.events.list()).rejects.toThrow();
  expect(await faultsOf(bench.url)).toMatchObject([
    { id, seed, kind: "status", status: 500, left: 1, hits: 1, ms: null },
    { id: other.id, hits: 0, left: null },
  ]);
  await fetch(`${bench.url}/_sandbox/faults/${id}`, { method: "DELETE" });
  await bench.stripe.events.list();
  expect(await faultsOf(bench.url)).toMatchObject([{ id: other.id }]);
  for (const wrong of [
    {},
    { kind: "explode" },
    { kind: "status", status: 418 },
    { kind: "reset", ms: 5 },
    { kind: "delay", status: 500 },
    { kind: "reset", path: "/_sandbox/clock" },
    { kind: "reset", times: 0 },
    { kind: "reset", probability: 2 },
    { kind: "reset", colour: "red" },
  ]) {
    await expect(inject(wrong as FaultRequest)).rejects.toThrow(/^Error: 400|^400/);
  }
});

test("a sandbox closes while requests hang and wait", async () => {
  await inject({ kind: "hang", path: "/v1/events" });
  await inject({ kind: "delay", ms: 60_000, path: "/v1/prices" });
  const waiting = [bench.stripe.events.list(), bench.stripe.prices.list()].map((call) =>
    call.catch((error) => error),
  );
  await expect.poll(async () => (await faultsOf(bench.url)).map(({ hits }) => hits)).toEqual([1, 1]);
  const started = Date.now();
  await bench.close();
  expect(Date.now() - started).toBeLessThan(5000);
  for (const error of await Promise.all(waiting)) {
    expect(["StripeConnectionError", "StripeAPIError"]).toContain(error.type);
  }
  bench = await openWorkbench({ webhookUrl: undefined });
});

test("the request log names method, path, key and answer, and keeps to what was asked for", async () => {
  const key = { idempotencyKey: "k" };
  await bench.stripe.customers.create({ name: "Ada" }, key);
  await bench.stripe.customers.create({ name: "Ada" }, key);
  await bench.stripe.customers.retrieve("cus_none").catch(() => {});
  const [first, ...later] = await requestsSince(bench.url);
  expect(first).toMatchObject({
    seq: 1,
    method: "POST",
    path: "/v1/customers",
    idempotencyKey: "k",
    status: 200,
    replayed: false,
  });
  expect(later).toMatchObject([{ replayed: true }, { status: 404, method: "GET", idempotencyKey: null }]);
  expect(await requestsSince(bench.url, 2)).toEqual(later.slice(1));
  expect((await fetch(`${bench.url}/_sandbox/requests?since=x`)).status).toBe(400);
});
