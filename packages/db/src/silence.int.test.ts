import { once } from "node:events";
import net from "node:net";
import { defaultRateLimits } from "@headroom/domain/rate-limits";
import { sql } from "kysely";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { findAccountByIdentity } from "./accounts.ts";
import { createDatabase, type Database } from "./client.ts";
import { findInviteByToken } from "./invites.ts";
import { findRole } from "./members.ts";
import { readLivingOrganization } from "./organizations.ts";
import { createRateLimitStore } from "./rate-limits.ts";
import { isSilence, silenceMs } from "./silence.ts";
import { withOrganization, withSystem } from "./tenancy.ts";
import { createTestDatabase } from "./testing/database.ts";

const scratch = await createTestDatabase();
const organizationId = "01a20757-6949-726f-9b0d-036851da51db";
/** The longest that any statement may take. */
const statementMs = 15_000;

/** Between the process and the server: carries everything until it is silent, and then nothing more of a connection. */
async function openWire() {
  const { hostname, port } = new URL(scratch.url);
  const carried = new Set<net.Socket>();
  let isSilent = false;
  const swallowed = Promise.withResolvers<void>();
  const server = net.createServer((caller) => {
    const database = net.connect(Number(port), hostname);
    carried.add(caller).add(database);
    caller.on("data", (bytes) => {
      if (isSilent) swallowed.resolve();
      else database.write(bytes);
    });
    database.on("data", (bytes) => {
      if (!isSilent) caller.write(bytes);
    });
    caller.on("close", () => {
      carried.delete(caller);
      database.destroy();
    });
    for (const socket of [caller, database]) socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(scratch.url);
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.href,
    silence() {
      isSilent = true;
    },
    speak: () => {
      isSilent = false;
    },
    /** Resolves when something was sent into the silence. */
    asked: () => swallowed.promise,
    close() {
      for (const socket of carried) socket.destroy();
      server.close();
    },
  };
}

let wire: Awaited<ReturnType<typeof openWire>>;
let api: Database;

beforeEach(async () => {
  wire = await openWire();
  api = createDatabase({
    connectionString: wire.url,
    role: "hr_api",
    applicationName: "headroom-test",
    max: 1,
  });
  await withSystem(api, (tx) => sql`select 1`.execute(tx));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(async () => {
  vi.useRealTimers();
  wire.close();
  await api.close();
});
afterAll(() => scratch.drop());

/** What a call ends with that is not answered for `ms`, from the moment on that it asks in silence. */
async function outcomeAfter(ms: number, call: () => Promise<unknown>): Promise<unknown> {
  const outcome = call().then(
    () => "answered",
    (error: unknown) => error,
  );
  await wire.asked();
  await vi.advanceTimersByTimeAsync(ms);
  return outcome;
}

const cases: [string, () => Promise<unknown>][] = [
  ["a transaction of an organization", () => withOrganization(api, organizationId, async () => undefined)],
  ["a transaction of no tenant", () => withSystem(api, (tx) => sql`select 1`.execute(tx))],
  ["who somebody is", () => findAccountByIdentity(api, { issuer: "https://x", subject: "y" })],
  ["what somebody may", () => findRole(api, organizationId, organizationId)],
  ["an organization", () => readLivingOrganization(api, organizationId)],
  ["where a link leads", () => findInviteByToken(api, Buffer.alloc(32))],
  [
    "whether there is room below a limit",
    () => createRateLimitStore(api, defaultRateLimits)([{ name: "unknownInviteTokens", key: "ada" }]),
  ],
];

test.each(cases)(
  "%s: not answered promptly is a failure, and the next one has a connection",
  async (_, call) => {
    wire.silence();
    expect(isSilence(await outcomeAfter(silenceMs, call))).toBe(true);
    wire.speak();
    await call();
  },
);

test("a transaction that the database falls silent in fails once, and its connection is not used again", async () => {
  const failed = await outcomeAfter(statementMs, () =>
    withSystem(api, async (tx) => {
      await sql`select 1`.execute(tx);
      wire.silence();
      await sql`select 2`.execute(tx);
    }),
  );
  expect(isSilence(failed)).toBe(true);
  expect(api.pool.totalCount).toBe(0);
  wire.speak();
  await withSystem(api, (tx) => sql`select 1`.execute(tx));
});

test("a statement by itself that is not answered takes its connection with it", async () => {
  wire.silence();
  const failed = await outcomeAfter(statementMs, () => sql`select 1`.execute(api.kysely));
  expect(isSilence(failed)).toBe(true);
  expect(api.pool.totalCount).toBe(0);
});
