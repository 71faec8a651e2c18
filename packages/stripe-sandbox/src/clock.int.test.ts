import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { type RunningSandbox, startSandbox } from "./sandbox.ts";
import { monthly, openWorkbench, payingCustomer, until, type Workbench } from "./testing/workbench.ts";

/** A stack that notes in one list when its clock is moved, when it is asked to settle, and when a webhook comes. */
interface Stack {
  base: string;
  calls: string[];
  clockStatus: number;
  settled: (query: URLSearchParams) => boolean;
  close(): Promise<void>;
}

async function startStack(): Promise<Stack> {
  const stack: Stack = { base: "", calls: [], clockStatus: 204, settled: () => true, close: async () => {} };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const url = new URL(request.url ?? "/", "http://stack");
    if (url.pathname === "/clock") {
      const { now } = JSON.parse(body) as { now: string };
      stack.calls.push(`clock ${now.slice(0, 16)}`);
      response.writeHead(stack.clockStatus).end();
      return;
    }
    if (url.pathname === "/settled") {
      const settled = stack.settled(url.searchParams);
      const what = url.searchParams.has("finalizing") ? "settled before finalizing" : "settled";
      if (stack.calls.at(-1) !== what) stack.calls.push(what);
      response.writeHead(settled ? 200 : 409).end("overage of org_1");
      return;
    }
    stack.calls.push(`webhook ${(JSON.parse(body) as { type: string }).type}`);
    response.writeHead(200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stack.close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return stack;
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

let stack: Stack;
let bench: Workbench;
beforeEach(async () => {
  stack = await startStack();
  bench = await openWorkbench({
    webhookUrl: `${stack.base}/webhook`,
    clockHookUrl: `${stack.base}/clock`,
    settledHookUrl: `${stack.base}/settled`,
    settleTimeoutMs: 400,
  });
});
afterEach(async () => {
  await bench.close();
  await stack.close();
});

async function subscribe() {
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, 2900);
  const made = await bench.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
  });
  await bench.advance({ by: 0 });
  stack.calls.length = 0;
  return made;
}

const minute = (seconds: number | undefined) => new Date((seconds ?? 0) * 1000).toISOString().slice(0, 16);

test("each step: the stack's clock, then the webhooks, then the settling; before a finalization it is asked first", async () => {
  const subscription = await subscribe();
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  const target = new Date((end + 2 * 3600) * 1000).toISOString();
  const { now, steps } = await bench.advance({ to: target });
  expect(now.slice(0, 16)).toBe(target.slice(0, 16));
  expect(steps.map(({ what }) => what.split(":")[0])).toEqual([
    "subscription renews",
    "invoice is finalized",
  ]);
  const webhooks = (calls: string[]) => calls.filter((call) => call.startsWith("webhook")).sort();
  const finalizing = stack.calls.indexOf("settled before finalizing");
  const first = stack.calls.slice(0, finalizing);
  expect(first[0]).toBe(`clock ${minute(end)}`);
  expect(webhooks(first)).toEqual(["webhook customer.subscription.updated", "webhook invoice.created"]);
  expect(first.at(-2)).toBe("settled");
  expect(first.at(-1)).toBe(`clock ${minute(end + 3599)}`);
  const rest = stack.calls.slice(finalizing + 1);
  expect(rest[0]).toBe(`clock ${minute(end + 3600)}`);
  expect(webhooks(rest.slice(1, 4))).toEqual([
    "webhook invoice.finalized",
    "webhook invoice.paid",
    "webhook invoice.payment_succeeded",
  ]);
  expect(rest.slice(4)).toEqual(["settled", `clock ${minute(end + 7200)}`, "settled"]);
});

test("a failing clock hook fails the advance and leaves the clock where it is", async () => {
  const subscription = await subscribe();
  stack.clockStatus = 500;
  const before = await bench.now();
  const answer = await bench.control("/_sandbox/clock/advance", { by: "1 month" });
  expect(answer.status).toBe(502);
  expect(JSON.stringify(answer.body)).toContain("clock hook");
  expect((await bench.now()).getTime() - before.getTime()).toBeLessThan(5000);
  expect((await bench.stripe.subscriptions.retrieve(subscription.id)).latest_invoice).toBe(
    subscription.latest_invoice,
  );
  stack.clockStatus = 200;
  await bench.advance({ by: "1 month" });
});

test("an unsettled draft is not passed: the advance fails by time, and goes on once it is settled", async () => {
  const subscription = await subscribe();
  stack.settled = (query) => !query.has("finalizing");
  const answer = await bench.control("/_sandbox/clock/advance", { by: "P1MT2H" });
  expect(answer.status).toBe(504);
  expect(JSON.stringify(answer.body)).toContain("overage of org_1");
  const { latest_invoice: id } = await bench.stripe.subscriptions.retrieve(subscription.id);
  const draft = await bench.stripe.invoices.retrieve(String(id));
  expect(draft.status).toBe("draft");
  expect((await bench.now()).getTime()).toBeLessThan((draft.automatically_finalizes_at ?? 0) * 1000 + 1000);
  stack.settled = () => true;
  await bench.advance({ by: "2h" });
  expect((await bench.stripe.invoices.retrieve(String(id))).status).toBe("paid");
});

test("a draft that is moved out while it is waited for is not finalized at its old time", async () => {
  const subscription = await subscribe();
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  let moved = false;
  stack.settled = (query) => {
    const id = query.get("finalizing");
    if (id && !moved) {
      moved = true;
      void bench.stripe.invoices.update(id, { automatically_finalizes_at: end + 8 * 3600 });
      return false;
    }
    return true;
  };
  await bench.advance({ to: new Date((end + 4 * 3600) * 1000).toISOString() });
  const { latest_invoice: id } = await bench.stripe.subscriptions.retrieve(subscription.id);
  expect(await bench.stripe.invoices.retrieve(String(id))).toMatchObject({
    status: "draft",
    automatically_finalizes_at: end + 8 * 3600,
  });
});

/** Renewals 20 seconds apart, from `end` on, and the drafts an hour after them. */
async function threeRenewals(): Promise<number> {
  const customer = await payingCustomer(bench.stripe);
  const price = await monthly(bench.stripe, 2900);
  const end = Math.floor((await bench.now()).getTime() / 1000) + 86_400;
  for (const trial_end of [end, end + 20, end + 40]) {
    await bench.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      trial_end,
    });
  }
  await bench.advance({ by: 0 });
  stack.calls.length = 0;
  return end;
}

const times = (what: RegExp) => stack.calls.filter((call) => what.test(call)).length;

test("within: what falls due a little later is done in the same step, each at its own second, and settled once", async () => {
  const end = await threeRenewals();
  const asked: string[][] = [];
  stack.settled = (query) => {
    if (query.has("finalizing")) asked.push(query.getAll("finalizing"));
    return true;
  };
  const to = new Date((end + 2 * 3600) * 1000).toISOString();
  const { steps } = await bench.advance({ to, within: "1 min" });
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const seconds = [end, end + 20, end + 40, end + 3600, end + 3620, end + 3640];
  expect(steps.map((step) => step.at)).toEqual(seconds.map(at));
  expect(stack.calls.filter((call) => call.startsWith("clock"))).toEqual(
    [end + 40, end + 3599, end + 3640, end + 7200].map((second) => `clock ${minute(second)}`),
  );
  expect(times(/^settled$/)).toBe(3);
  expect(asked.map((drafts) => drafts.length)).toEqual([3]);
  const { data } = await bench.stripe.invoices.list({ status: "paid", limit: 3 });
  expect(data.map(({ id }) => id).sort()).toEqual(asked[0]?.sort());
});

test("without it each instant is a step of its own", async () => {
  const end = await threeRenewals();
  await bench.advance({ to: new Date((end + 2 * 3600) * 1000).toISOString() });
  expect(times(/^settled$/)).toBe(7);
  expect(times(/before finalizing/)).toBe(3);
});

test("within is a duration of at most half an hour", async () => {
  for (const within of ["31 min", "soon", -1]) {
    const answer = await bench.control("/_sandbox/clock/advance", { by: "1d", within });
    expect(answer).toMatchObject({ status: 400, body: { error: { message: /within/ } } });
  }
});

test("the clock takes to or by, moves forward only, and says what it does not understand", async () => {
  const start = await bench.now();
  await bench.advance({ by: "1d" });
  await bench.advance({ by: 3_600_000 });
  expect((await bench.now()).getTime() - start.getTime()).toBeGreaterThanOrEqual(25 * 3_600_000);
  for (const body of [
    {},
    { by: "soon" },
    { to: "2000-01-01T00:00:00Z" },
    { to: "x" },
    { by: "1d", to: "x" },
  ]) {
    const answer = await bench.control("/_sandbox/clock/advance", body);
    expect(answer).toMatchObject({ status: 400, body: { error: { type: "invalid_request_error" } } });
  }
});

test("what falls due by real time happens without an advance", async () => {
  const customer = await payingCustomer(bench.stripe);
  const soon = Math.floor((await bench.now()).getTime() / 1000) + 2;
  const invoice = await bench.stripe.invoices.create({
    customer: customer.id,
    currency: "usd",
    auto_advance: true,
    automatically_finalizes_at: soon,
  });
  await until(async () => (await bench.stripe.invoices.retrieve(invoice.id)).status === "paid");
  const paid = await bench.stripe.invoices.retrieve(invoice.id);
  expect(paid.status_transitions.finalized_at).toBe(soon);
});

test("two advances at once both count", async () => {
  const start = await bench.now();
  await Promise.all([bench.advance({ by: "1h" }), bench.advance({ by: "1h" })]);
  expect((await bench.now()).getTime() - start.getTime()).toBeGreaterThanOrEqual(7_200_000);
});

test("livez and readyz answer", async () => {
  for (const path of ["/livez", "/readyz"]) expect((await fetch(`${bench.url}${path}`)).status).toBe(200);
});

test("a new file's clock begins where it is asked to, once, and is real time when it has come that far", async () => {
  const directory = mkdtempSync(path.join(tmpdir(), "stripe-sandbox-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const startsAt = new Date(Date.now() - 40 * 86_400_000);
  const begin = () => startSandbox({ file: path.join(directory, "past.sqlite"), port: 0, startsAt });
  const behind = async ({ url }: RunningSandbox): Promise<number> => {
    const asked = Date.now();
    const { now } = (await (await fetch(`${url}/_sandbox/clock`)).json()) as { now: string };
    return asked - Date.parse(now);
  };
  const advance = ({ url }: RunningSandbox, to: number) =>
    fetch(`${url}/_sandbox/clock/advance`, {
      method: "POST",
      body: JSON.stringify({ to: new Date(to).toISOString() }),
    });

  const first = await begin();
  expect(await behind(first)).toBeGreaterThan(39 * 86_400_000);
  await advance(first, Date.now() - 60_000);
  expect(await behind(first)).toBeGreaterThan(59_000);
  await first.close();
  const again = await begin();
  expect(await behind(again)).toBeLessThanOrEqual(60_100);
  await advance(again, Date.now() - 20);
  expect(await behind(again)).toBeLessThanOrEqual(0);
  await again.close();
});
