import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Stripe from "stripe";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type RunningSandbox, startSandbox } from "./sandbox.ts";
import {
  deliveriesSince,
  deliveryProgram,
  endDeliveryProgram,
  faultsOf,
  type ProgramRequest,
  requestsSince,
  rollSecret,
  type ShownDelivery,
  setDeliveryProgram,
} from "./testing/controls.ts";
import { startReceiver, webhookSecret } from "./testing/receiver.ts";
import {
  clientOf,
  monthly,
  openWorkbench,
  payingCustomer,
  until,
  type Workbench,
} from "./testing/workbench.ts";

const stillAt = new Date("2026-03-01T00:00:00Z");

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench({ stillAt });
});
afterAll(() => bench.close());
afterEach(async () => {
  bench.receiver.answer(() => 200);
  await endDeliveryProgram(bench.url, "drop");
  await quiet();
  bench.receiver.all.splice(0);
  bench.receiver.refused.splice(0);
});

const last = async () => (await deliveriesSince(bench.url)).at(-1)?.seq ?? 0;
const program = (rules: ProgramRequest) =>
  setDeliveryProgram(bench.url, { seed: 1, retry: "virtual", ...rules });
/** Until everything that is due now was tried. */
const quiet = () => bench.advance({ by: 0 });
const customers = async (...names: string[]) => {
  for (const name of names) await bench.stripe.customers.create({ name });
  await quiet();
};
const customersAtOnce = async (many: number) => {
  await Promise.all(Array.from({ length: many }, () => bench.stripe.customers.create({})));
  await quiet();
};
const names = () => bench.receiver.all.map(({ event }) => (event.data.object as Stripe.Customer).name);

test.each<[keyof ProgramRequest & string, RegExp]>([
  ["badSignature", /No signatures found matching/],
  ["staleSignature", /Timestamp outside the tolerance zone/],
  ["truncate", /No signatures found matching/],
])("%s: refused once, and whole a minute later", async (hazard, reason) => {
  const seq = await last();
  await program({ [hazard]: { attempts: 1 } });
  await customers("Ada");
  expect(bench.receiver.refused.map((one) => one.reason)).toEqual([expect.stringMatching(reason)]);
  expect(names()).toEqual([]);
  const { steps } = await bench.advance({ by: "1m" });
  expect(steps.map(({ what }) => what)).toEqual(["deliveries"]);
  expect(names()).toEqual(["Ada"]);
  const [{ state, attempts } = {} as ShownDelivery] = await deliveriesSince(bench.url, seq);
  expect(state).toBe("delivered");
  expect(attempts.map(({ attempt, result, spoiled }) => [attempt, result, spoiled])).toEqual([
    [1, "400", [hazard]],
    [2, "200", []],
  ]);
});

test("a wrong mode and an old version are signed as they are", async () => {
  await program({ wrongMode: {}, oldVersion: {} });
  const price = { unit_amount: 500, currency: "usd", recurring: { interval: "month" as const } };
  const { id } = await bench.stripe.prices.create({ ...price, product_data: { name: "P" } });
  const { id: customer } = await bench.stripe.customers.create({ payment_method: "pm_card_visa" });
  const made = await bench.stripe.subscriptions.create({
    customer,
    items: [{ price: id, quantity: 2 }],
    default_payment_method: "pm_card_visa",
  });
  await quiet();
  const brought = (type: string) => bench.receiver.all.find((one) => one.type === type)?.event;
  expect(brought("customer.subscription.created")).toMatchObject({
    livemode: true,
    api_version: "2025-02-24.acacia",
    data: { object: { current_period_end: made.items.data[0]?.current_period_end } },
  });
  const old = brought("customer.subscription.created")?.data.object as Stripe.Subscription;
  expect(old.items.data[0]).not.toHaveProperty("current_period_end");
  expect(brought("invoice.paid")).toMatchObject({
    data: {
      object: { paid: true, subscription: made.id, lines: { data: [{ price: id, proration: false }] } },
    },
  });
  expect(brought("invoice.paid")?.data.object).not.toHaveProperty("parent");
  await endDeliveryProgram(bench.url);
  expect((await bench.stripe.events.list({ limit: 1 })).data[0]).toMatchObject({ livemode: false });
});

test("a second secret signs beside the endpoint's own: whoever has either takes it", async () => {
  const secret = "whsec_another";
  await program({ secondSecret: { secret } });
  await customers("Ada", "Bob", "Cy", "Dee", "Eve", "Flo");
  expect(names()).toHaveLength(6);
  const { webhooks } = bench.stripe;
  for (const { body, signature } of bench.receiver.all) {
    expect(webhooks.constructEvent(body, signature, secret).type).toBe("customer.created");
  }
  // The receiver's own is the first of the two at times, and the second at times.
  const firsts = bench.receiver.all.map(({ body, signature }) => {
    const only = signature.split(",").slice(0, 2).join(",");
    try {
      return webhooks.constructEvent(body, only, webhookSecret) !== null;
    } catch {
      return false;
    }
  });
  expect(new Set(firsts)).toEqual(new Set([true, false]));
});

test("what is dropped is never sent, and stands in the list of the undelivered", async () => {
  const seq = await last();
  await program({ drop: {}, types: ["customer.*"] });
  const { id } = await bench.stripe.customers.create({ name: "Ada" });
  await bench.stripe.products.create({ name: "sent" });
  await bench.advance({ by: "4d" });
  expect(bench.receiver.types()).toEqual(["product.created"]);
  const failing = await bench.stripe.events.list({ delivery_success: false });
  expect(failing.data.map(({ data }) => data.object)).toMatchObject([{ id }]);
  expect(await deliveriesSince(bench.url, seq)).toMatchObject([
    { state: "failed", lastResult: "dropped", attempts: [], plan: { drop: true } },
    { state: "delivered", program: null, position: null, plan: null },
  ]);
});

test("duplicates come as copies of one delivery, and their failure fails nothing", async () => {
  const seq = await last();
  await program({ duplicate: { times: 2 } });
  bench.receiver.answer((count) => (count === 2 ? 500 : 200));
  await customers("Ada");
  expect(names()).toEqual(["Ada", "Ada", "Ada"]);
  await bench.advance({ by: "4d" });
  expect(names()).toHaveLength(3);
  const shown = await deliveriesSince(bench.url, seq);
  expect(shown.map(({ copy, state }) => [copy, state])).toEqual([
    [0, "delivered"],
    [1, "delivered"],
    [2, "failed"],
  ]);
  const failing = await bench.stripe.events.list({ delivery_success: false, limit: 100 });
  expect(failing.data.map(({ id }) => id)).not.toContain(shown[0]?.event);
  const event = await bench.stripe.events.retrieve(String(shown[0]?.event));
  expect(event.pending_webhooks).toBe(0);
  const again = await bench.control(`/_sandbox/events/${shown[0]?.event}/resend`);
  expect(again.status).toBe(200);
  await quiet();
  expect(names()).toHaveLength(6);
});

test("a delay holds back by virtual time, and the clock stops where it is over", async () => {
  const seq = await last();
  await program({ delay: { min: "1h", max: "3h" } });
  await customers("Ada", "Bob");
  expect(names()).toEqual([]);
  expect(await deliveryProgram(bench.url)).toMatchObject({ position: 2, waiting: 2 });
  const waiting = await deliveriesSince(bench.url, seq);
  const dues = waiting.map(({ dueAt }) => String(dueAt)).sort();
  await bench.advance({ by: "59m" });
  expect(names()).toEqual([]);
  const { steps } = await bench.advance({ by: "3h" });
  expect(steps.map(({ at }) => at)).toEqual(dues);
  expect(names().sort()).toEqual(["Ada", "Bob"]);
});

test("roundTo: what waits for the clock waits until a whole multiple, and is sent together", async () => {
  await program({ delay: { min: "1m", max: "50m" }, roundTo: "2h" });
  await customers("Ada", "Bob", "Cid");
  const { steps } = await bench.advance({ by: "4h" });
  expect(steps).toEqual([{ at: expect.stringMatching(/T\d[02468]:00:00.000Z$/), what: "deliveries" }]);
  expect(names().sort()).toEqual(["Ada", "Bob", "Cid"]);
  await program({ badSignature: { attempts: 1 }, roundTo: "2h" });
  await customers("Dan");
  const again = await bench.advance({ by: "4h" });
  expect(again.steps).toEqual([{ at: expect.stringMatching(/T\d[02468]:00:00.000Z$/), what: "deliveries" }]);
  expect(names()).toContain("Dan");
});

test.each([1, 3])("atOnce: %i deliveries are under way at once", async (atOnce) => {
  const waiting: ServerResponse[] = [];
  const counts: number[] = [];
  // Answers nobody before as many wait as are to be expected.
  const server = createServer((_request, response) => {
    waiting.push(response);
    counts.push(waiting.length);
    if (waiting.length === atOnce) for (const one of waiting.splice(0)) one.writeHead(200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { id } = await bench.stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${port}/`,
    enabled_events: ["customer.created"],
  });
  await program({ endpoint: id, atOnce });
  await customersAtOnce(6);
  expect(Math.max(...counts)).toBe(atOnce);
  expect(counts).toHaveLength(6);
  await bench.stripe.webhookEndpoints.del(id);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("reordering lets at most a window of later ones pass, in the same order for the same seed", async () => {
  const all = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];
  const play = async (seed: number) => {
    bench.receiver.all.splice(0);
    await program({ seed, reorder: { probability: 0.7, window: 3, within: "10m" } });
    await customers(...all);
    const before = names();
    // The last ones wait for others that do not come, and are let go in time.
    await bench.advance({ by: "10m" });
    expect(names().slice(0, before.length)).toEqual(before);
    return names().map(String);
  };
  const first = await play(4);
  expect(first.toSorted()).toEqual(all);
  expect(first).not.toEqual(all);
  for (const [at, name] of first.entries()) {
    const passed = first.slice(0, at).filter((other) => other > name);
    expect(passed.length).toBeLessThanOrEqual(3);
  }
  expect(await play(4)).toEqual(first);
  expect(await play(5)).not.toEqual(first);
});

test("events of one request are sent in the program's order, one after the other", async () => {
  const arrived: string[] = [];
  let [open, most] = [0, 0];
  const slow = createServer(async (request, response) => {
    open += 1;
    most = Math.max(most, open);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    arrived.push((JSON.parse(Buffer.concat(chunks).toString()) as Stripe.Event).id);
    setTimeout(() => {
      open -= 1;
      response.writeHead(200).end();
    }, 10);
  });
  await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`;
  const made = await bench.stripe.webhookEndpoints.create({ url, enabled_events: ["*"] });
  const price = await monthly(bench.stripe, 500);
  const customer = await payingCustomer(bench.stripe);
  await quiet();
  arrived.splice(0);
  most = 0;
  const seq = await last();
  await program({ seed: 29, endpoint: made.id, reorder: { probability: 0.7, window: 3 } });
  await bench.stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  await bench.advance({ by: "1m" });
  const planned = (await deliveriesSince(bench.url, seq)).filter(({ endpoint }) => endpoint === made.id);
  const key = ({ position, plan }: ShownDelivery) => Number(position) + Number(plan?.behind);
  const inOrder = planned.toSorted((a, b) => key(a) - key(b) || Number(a.position) - Number(b.position));
  await bench.stripe.webhookEndpoints.del(made.id);
  slow.close();
  expect(arrived).toEqual(inOrder.map(({ event }) => event));
  expect(inOrder).not.toEqual(planned);
  expect(most).toBe(1);
});

test("an endpoint that is gone is tried for three days of virtual time, then given up", async () => {
  const seq = await last();
  await program({});
  bench.receiver.answer(() => 503);
  const began = (await bench.now()).getTime();
  await customers("Ada");
  await bench.advance({ by: "71h" });
  expect((await deliveriesSince(bench.url, seq))[0]).toMatchObject({ state: "pending", lastResult: "503" });
  await bench.advance({ by: "3d" });
  const [given] = await deliveriesSince(bench.url, seq);
  expect(given?.state).toBe("failed");
  const hours = given?.attempts.map(({ at }) => (Date.parse(at) - began) / 3_600_000) ?? [];
  expect(hours).toEqual([0, 1 / 60, 0.1, 0.6, 2.6, 6.6, 14.6, 26.6, 38.6, 50.6, 62.6, 72]);
  bench.receiver.answer(() => 200);
  await bench.advance({ by: "10d" });
  expect(bench.receiver.all).toHaveLength(hours.length);
});

test("ending a program sends what it held back, or drops it", async () => {
  await program({ seed: 9, delay: { max: "2d" } });
  await customers("Ada", "Bob");
  expect(await endDeliveryProgram(bench.url)).toMatchObject({
    ended: { seed: 9, position: 2 },
    released: 2,
    dropped: 0,
  });
  await quiet();
  expect(names()).toEqual(["Ada", "Bob"]);
  await program({ delay: { max: "2d" } });
  await customers("Cy");
  expect(await endDeliveryProgram(bench.url, "drop")).toMatchObject({ released: 0, dropped: 1 });
  await bench.advance({ by: "3d" });
  expect(names()).toEqual(["Ada", "Bob"]);
  expect(await endDeliveryProgram(bench.url)).toEqual({ ended: null, released: 0, dropped: 0 });
  expect(await deliveryProgram(bench.url)).toBeNull();
});

test("a program for an endpoint or for types leaves the others alone, and one that makes no sense changes nothing", async () => {
  await program({ endpoint: "we_sandbox", types: ["product.created"], badSignature: {} });
  const before = await deliveryProgram(bench.url);
  const wrong = [{ endpoint: "we_none" }, { colour: "red" }, { faults: [{ kind: "no" }] }];
  for (const body of wrong) {
    await expect(setDeliveryProgram(bench.url, body as ProgramRequest)).rejects.toThrow(/^40/);
  }
  expect(await deliveryProgram(bench.url)).toEqual(before);
  await customers("Ada");
  expect(names()).toEqual(["Ada"]);
  for (const path of ["deliveries?since=x", "deliveries?limit=0"]) {
    expect((await fetch(`${bench.url}/_sandbox/${path}`)).status).toBe(400);
  }
  const held = await fetch(`${bench.url}/_sandbox/deliveries/program?held=keep`, { method: "DELETE" });
  expect(held.status).toBe(400);
});

test("a secret is rolled with an overlap in which both sign", async () => {
  const made = await bench.stripe.webhookEndpoints.create({
    url: "http://127.0.0.1:9/",
    enabled_events: ["*"],
  });
  const receiver = await startReceiver(null);
  try {
    await bench.stripe.webhookEndpoints.update(made.id, { url: receiver.url });
    const takes = (secret: string) => {
      const { body, signature } = receiver.all.at(-1) ?? { body: "", signature: "" };
      try {
        return Stripe.webhooks.constructEvent(body, signature, secret).type === "customer.created";
      } catch {
        return false;
      }
    };
    const old = String(made.secret);
    const rolled = await rollSecret(bench.url, made.id, { overlap: "2h" });
    expect(Date.parse(rolled.previousUntil)).toBe((await bench.now()).getTime() + 7_200_000);
    await customers("Ada");
    expect([takes(old), takes(rolled.secret)]).toEqual([true, true]);
    await bench.advance({ by: "2h" });
    await customers("Bob");
    expect([takes(old), takes(rolled.secret)]).toEqual([false, true]);
    const next = await rollSecret(bench.url, made.id, { overlap: 0, secret: "whsec_mine" });
    expect(next.secret).toBe("whsec_mine");
    await customers("Cy");
    expect([takes(rolled.secret), takes("whsec_mine")]).toEqual([false, true]);
    await expect(rollSecret(bench.url, made.id, { overlap: "25h" })).rejects.toThrow(/^Error: 400|^400/);
    await expect(rollSecret(bench.url, made.id, { secret: "mine" })).rejects.toThrow(/^Error: 400|^400/);
    await expect(rollSecret(bench.url, "we_none")).rejects.toThrow(/404/);
  } finally {
    await bench.stripe.webhookEndpoints.del(made.id);
    await receiver.close();
  }
});

test("events are listed and read for 30 days", async () => {
  await customers("Ada");
  const [event] = (await bench.stripe.events.list({ limit: 1 })).data;
  const id = String(event?.id);
  await bench.advance({ by: "29d" });
  const listed = async () => {
    const ids: string[] = [];
    for await (const one of bench.stripe.events.list({ limit: 100 })) ids.push(one.id);
    return ids;
  };
  expect(await listed()).toContain(id);
  expect((await bench.stripe.events.retrieve(id)).id).toBe(id);
  await bench.advance({ by: "1d" });
  expect(await listed()).not.toContain(id);
  await expect(bench.stripe.events.retrieve(id)).rejects.toMatchObject({ code: "resource_missing" });
});

const hostile: ProgramRequest = {
  retry: "virtual",
  duplicate: { probability: 0.3, times: 2 },
  delay: { probability: 0.2, max: "1h" },
  reorder: { probability: 0.5, window: 3 },
  drop: { probability: 0.1 },
  wrongMode: { probability: 0.2 },
  staleSignature: { probability: 0.2 },
  badSignature: { probability: 0.2 },
  secondSecret: { probability: 0.2 },
  truncate: { probability: 0.2 },
  oldVersion: { probability: 0.2 },
  faults: [{ kind: "status_after_commit", path: "/v1/customers", probability: 0.3 }],
};

/** A day of events under a hostile program: what happened to each delivery, and which requests failed. */
async function hostileDay(seed: number, restart: boolean) {
  const directory = mkdtempSync(join(tmpdir(), "stripe-sandbox-program-"));
  const receiver = await startReceiver();
  const options = {
    file: join(directory, "s.sqlite"),
    port: 0,
    webhookUrl: receiver.url,
    webhookSecret,
    stillAt,
  };
  let sandbox: RunningSandbox = await startSandbox(options);
  const advance = (by: string | number) =>
    fetch(`${sandbox.url}/_sandbox/clock/advance`, { method: "POST", body: JSON.stringify({ by }) });
  try {
    await setDeliveryProgram(sandbox.url, { seed, ...hostile });
    const served: unknown[] = [];
    const log = async () => {
      for (const { fault, status } of await requestsSince(sandbox.url)) served.push([fault, status]);
    };
    for (let n = 0; n < 24; n += 1) {
      if (n === 12) {
        await advance("30m");
        if (restart) {
          await log();
          await sandbox.close();
          sandbox = await startSandbox(options);
        }
      }
      const idempotencyKey = `customer:${n}`;
      await clientOf(sandbox)
        .customers.create({ name: `n${n}` }, { idempotencyKey })
        .catch(() => {});
    }
    await advance("4d");
    await log();
    const deliveries = await deliveriesSince(sandbox.url);
    const told = deliveries.map(({ event: _, attempts, ...rest }) => ({
      ...rest,
      attempts: attempts.map(({ seq, ...attempt }) => attempt),
    }));
    const order = deliveries
      .flatMap(({ position, copy, attempts }) => attempts.map(({ seq }) => ({ seq, position, copy })))
      .sort((a, b) => a.seq - b.seq)
      .map(({ position, copy }) => `${position}.${copy}`);
    return { served, told, order, arrived: receiver.all.length, faults: await faultsOf(sandbox.url) };
  } finally {
    await sandbox.close();
    await receiver.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

test("the same seed with the same events gives the same deliveries and faults, through a restart, too", async () => {
  const [first, again, restarted, other] = [
    await hostileDay(11, false),
    await hostileDay(11, false),
    await hostileDay(11, true),
    await hostileDay(12, false),
  ];
  expect(again).toEqual(first);
  expect({ ...restarted, faults: [] }).toEqual({ ...first, faults: [] });
  expect(restarted.faults).toMatchObject([{ ofProgram: true, hits: first.faults[0]?.hits }]);
  expect(other.order).not.toEqual(first.order);
  expect(other.served).not.toEqual(first.served);
  const spoiled = new Set(first.told.flatMap(({ attempts }) => attempts.flatMap((one) => one.spoiled)));
  expect([...spoiled].sort()).toEqual(
    ["badSignature", "oldVersion", "secondSecret", "staleSignature", "truncate", "wrongMode"].sort(),
  );
  // Everything but what was dropped arrives in the end: each hazard leaves some attempts alone.
  expect(
    new Set(
      first.told.filter(({ copy }) => copy === 0).map(({ state, lastResult }) => `${state} ${lastResult}`),
    ),
  ).toEqual(new Set(["delivered 200", "failed dropped"]));
}, 60_000);

test("faults of a program end with it, and those beside it stay", async () => {
  const path = "/v1/prices";
  await program({ faults: [{ kind: "status", status: 429, path }] });
  await fetch(`${bench.url}/_sandbox/faults`, { method: "DELETE" });
  await expect(bench.stripe.prices.list()).rejects.toMatchObject({ statusCode: 429 });
  await endDeliveryProgram(bench.url);
  await bench.stripe.prices.list();
  expect(await faultsOf(bench.url)).toEqual([]);
});

test("without standing still, what a program holds back is sent when its time has come", async () => {
  const running = await openWorkbench();
  try {
    await setDeliveryProgram(running.url, { delay: { max: "1s" }, retry: "virtual" });
    await running.stripe.customers.create({ name: "Ada" });
    await until(() => running.receiver.all.length === 1);
  } finally {
    await running.close();
  }
});
