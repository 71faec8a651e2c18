import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, type Database } from "@headroom/db/client";
import { clearFaults, injectFault } from "@headroom/stripe-sandbox/testing/controls";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { syncSeats } from "./seat-sync.ts";
import { createSeatBench, type SeatBench, type Team } from "./testing/seat-bench.ts";

let bench: SeatBench;
let crowd: Database;
beforeAll(async () => {
  bench = await createSeatBench();
  // Everybody meets in the database, not in front of a pool.
  crowd = createDatabase({
    connectionString: bench.scratch.url,
    role: "hr_api",
    applicationName: "crowd",
    max: 44,
  });
  bench.api.db = crowd;
});
afterAll(async () => {
  await crowd?.close();
  await bench?.close();
});
afterEach(() => clearFaults(bench.sandboxUrl));

const membersOf = async ({ id }: Team) =>
  Number(
    (await bench.rows("select count(*) as n from headroom.membership where organization_id = $1", id))[0]?.n,
  );
const untilPushed = async (team: Team) => {
  await expect
    .poll(
      async () => {
        await bench.rows("update headroom.seat_target set not_before = null where attempts > 0");
        await bench.push();
        const target = await bench.target(team);
        return Number(target?.version) - Number(target?.pushed_version);
      },
      { timeout: 20_000 },
    )
    .toBe(0);
};

/** Workers that push without a pause until they are told to stop. */
function workers(count: number) {
  let running = true;
  const loop = async () => {
    while (running) {
      await syncSeats(bench.worker, { quietMs: 5, longestMs: 30 });
      await sleep(5);
    }
  };
  const loops = Array.from({ length: count }, loop);
  return async () => {
    running = false;
    await Promise.all(loops);
  };
}

test("forty join and leave at once while two workers push: Stripe has members less the included, exactly", async () => {
  const team = await bench.team();
  const leaving = await Promise.all(Array.from({ length: 15 }, () => bench.join(team)));
  const stop = workers(2);
  const joins = Array.from({ length: 25 }, () => bench.join(team));
  const removals = leaving.map((userId) => bench.remove(team, userId));
  await Promise.all([...joins, ...removals]).finally(stop);
  await untilPushed(team);
  expect(await membersOf(team)).toBe(26);
  expect(await bench.seats(team)).toBe(24);
  const keys = await bench.keys(team);
  expect(new Set(keys).size).toBe(keys.length);
  const total = (await bench.prorations(team)).reduce((sum, one) => sum + one, 0);
  expect(total).toBe(24 * 500);
  expect(await bench.target(team)).toMatchObject({ attempts: 0, last_error: null, sent: null, edits: 0 });
});

test("Stripe hangs and is down for a while: nobody who joins or leaves waits, and afterwards the seats are right", async () => {
  const team = await bench.team("team_high_water");
  const leaving = await Promise.all(Array.from({ length: 5 }, () => bench.join(team)));
  await injectFault(bench.sandboxUrl, { kind: "delay", ms: 4_000, path: `/v1/customers` });
  const pushing = bench.push();
  await sleep(200);
  const started = performance.now();
  await Promise.all([
    ...Array.from({ length: 5 }, () => bench.join(team)),
    ...leaving.map((userId) => bench.remove(team, userId)),
  ]);
  expect(performance.now() - started).toBeLessThan(3_000);
  await pushing;
  await clearFaults(bench.sandboxUrl);
  const down = await injectFault(bench.sandboxUrl, {
    kind: "status",
    status: 503,
    path: "/v1/subscriptions",
  });
  expect(down.kind).toBe("status");
  await bench.join(team);
  await bench.rows("update headroom.seat_target set not_before = null");
  expect(await bench.push()).toMatchObject({ failed: 1 });
  await bench.join(team);
  await clearFaults(bench.sandboxUrl);
  await untilPushed(team);
  expect(await bench.seats(team)).toBe((await membersOf(team)) - 2);
});

test("answers are lost, connections break, limits are met: one effect, whatever happened", async () => {
  const team = await bench.team();
  const path = `/v1/subscriptions/${team.subscriptionId}`;
  const kinds = [
    { kind: "reset_after_commit" },
    { kind: "status_after_commit", status: 500 },
    { kind: "reset" },
    { kind: "status", status: 429 },
    { kind: "status", status: 500 },
  ] as const;
  let seats = 0;
  for (const fault of kinds) {
    seats += 3;
    await bench.others(team, seats + 1);
    await injectFault(bench.sandboxUrl, { ...fault, method: "POST", path, times: 4 });
    await untilPushed(team);
    await clearFaults(bench.sandboxUrl);
    expect(await bench.seats(team)).toBe(seats);
    const total = (await bench.prorations(team)).reduce((sum, one) => sum + one, 0);
    expect(total).toBe(seats * 500);
  }
});

test("a change whose answer was lost is made again when somebody else has undone it meanwhile", async () => {
  const team = await bench.team();
  await bench.others(team, 4);
  await untilPushed(team);
  await bench.others(team, 6);
  const path = `/v1/subscriptions/${team.subscriptionId}`;
  await injectFault(bench.sandboxUrl, { kind: "reset_after_commit", method: "POST", path, times: 4 });
  expect(await bench.push()).toMatchObject({ failed: 1 });
  await clearFaults(bench.sandboxUrl);
  const { items } = await bench.stripe.subscriptions.retrieve(team.subscriptionId);
  const item = items.data.find(({ price }) => price.metadata.headroom_role === "seat");
  await bench.stripe.subscriptionItems.update(String(item?.id), { quantity: 3, proration_behavior: "none" });
  await bench.rows("update headroom.seat_target set not_before = null");
  expect(await bench.push()).toMatchObject({ pushed: 1 });
  expect(await bench.seats(team)).toBe(5);
});

test("who loses the lease in the middle of it changes nothing any more: the one who took over is right", async () => {
  const team = await bench.team();
  const real = bench.worker.stripe;
  if (real === null) {
    throw new Error("the bench has no Stripe");
  }
  await bench.others(team, 4);
  const fetched = Promise.withResolvers<void>();
  const resume = Promise.withResolvers<void>();
  const slow = {
    ...real,
    async fetchCustomer(id: string) {
      const stale = await real.fetchCustomer(id);
      fetched.resolve();
      await resume.promise;
      return stale;
    },
  };
  const first = syncSeats({ ...bench.worker, stripe: slow }, { quietMs: 0, longestMs: 0 });
  await fetched.promise;
  await bench.rows(
    "update headroom.stripe_customer_sync set lease_until = now() - interval '1 second', lease_token = null",
  );
  await bench.others(team, 6);
  expect(await bench.push()).toMatchObject({ pushed: 1 });
  resume.resolve();
  expect(await first).toMatchObject({ failed: 1 });
  await untilPushed(team);
  expect(await bench.seats(team)).toBe(5);
  expect(await bench.keys(team)).toHaveLength(1);
});
