import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { createTestDatabase, type TestDatabase } from "@headroom/db/testing/database";
import { createFactory } from "@headroom/db/testing/factories";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { host } from "./addresses.ts";
import { type ClockHook, startClockHook } from "./clock-hook.ts";

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

let scratch: TestDatabase;
let hook: ClockHook;
let url: string;
let organizationId: string;
beforeAll(async () => {
  scratch = await createTestDatabase();
  const make = createFactory(scratch.admin);
  await make.plan("free", { pages: { dailyLimit: null, included: null, overage: null } });
  organizationId = await make.organization();
  const port = await freePort();
  hook = await startClockHook(scratch.url, port);
  url = `http://${host}:${port}`;
});
afterAll(async () => {
  await hook?.close();
  await scratch?.drop();
});
beforeEach(() => scratch.admin.query("delete from headroom.seat_target"));

const wait = (more = "") =>
  scratch.admin.query(
    `insert into headroom.seat_target (organization_id, live ${more && ", attempts, not_before"})
     values ($1, true ${more})`,
    [organizationId],
  );
const told = () => scratch.admin.query("update headroom.seat_target set pushed_version = version");
const move = () =>
  fetch(`${url}/clock`, { method: "POST", body: JSON.stringify({ now: "2027-03-01T00:00:00Z" }) });
const settled = async () => (await fetch(`${url}/settled?now=2027-03-01T00:00:00Z`)).status;
const hastened = async () =>
  (await scratch.admin.query("select hastened from headroom.seat_target")).rows[0]?.hastened;

test("the clock moves only when Stripe knows every seat, and nobody waits out the pause for it", async () => {
  await wait();
  let moved = false;
  const moving = move().then(({ status }) => {
    moved = true;
    return status;
  });
  await expect.poll(hastened).toBe(true);
  expect(moved).toBe(false);
  await told();
  expect(await moving).toBe(200);
  const { rows } = await scratch.admin.query("select headroom.clock_now() >= '2027-03-01' as moved");
  expect(rows).toEqual([{ moved: true }]);
});

const offset = async () =>
  (await scratch.admin.query("select clock_offset = interval '0' as real from headroom.dev_clock")).rows[0];

test("a clock that has come to within a second of real time keeps real time", async () => {
  const sayNow = (now: number) =>
    fetch(`${url}/clock`, { method: "POST", body: JSON.stringify({ now: new Date(now).toISOString() }) });
  await sayNow(Date.now() - 5_000);
  expect(await offset()).toEqual({ real: false });
  await sayNow(Date.now() - 20);
  expect(await offset()).toEqual({ real: true });
  await sayNow(Date.now() + 60_000);
  expect(await offset()).toEqual({ real: false });
});

test("the database's clock follows a sandbox that has begun elsewhere", async () => {
  const sandbox = createHttpServer((request, response) => {
    response.writeHead(request.url === "/_sandbox/clock" ? 200 : 404);
    response.end(JSON.stringify({ now: "2026-01-10T00:00:00Z" }));
  });
  await new Promise<void>((resolve) => sandbox.listen(0, host, resolve));
  await hook.follow(`http://${host}:${(sandbox.address() as AddressInfo).port}`);
  sandbox.closeAllConnections();
  sandbox.close();
  const { rows } = await scratch.admin.query(
    "select headroom.clock_now() between '2026-01-10' and '2026-01-10T00:01:00Z' as follows",
  );
  expect(rows).toEqual([{ follows: true }]);
});

test("it is settled when Stripe knows every seat", async () => {
  await wait();
  expect(await settled()).toBe(409);
  expect(await hastened()).toBe(true);
  await told();
  expect(await settled()).toBe(200);
});

test("a push that failed is tried again at once; one that failed six times, or waits for Stripe's limits, is not waited for", async () => {
  await wait(", 3, now() + interval '1 minute'");
  expect(await settled()).toBe(409);
  const { rows } = await scratch.admin.query("select not_before from headroom.seat_target");
  expect(rows).toEqual([{ not_before: null }]);
  await scratch.admin.query("update headroom.seat_target set attempts = 6");
  expect(await settled()).toBe(200);
  await scratch.admin.query(
    "update headroom.seat_target set attempts = 0, not_before = now() + interval '1 minute'",
  );
  expect(await settled()).toBe(200);
  expect((await move()).status).toBe(200);
});
