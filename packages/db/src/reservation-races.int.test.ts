import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expireReservations } from "./open-reservations.ts";
import { type Customer, idOf, openUsageBench, type UsageBench } from "./testing/usage-bench.ts";

let bench: UsageBench;
beforeAll(async () => {
  bench = await openUsageBench();
});
afterAll(() => bench?.close());
beforeEach(() => bench.make.setClock("2028-06-15T12:00:00Z"));

const jobs = { meter: "jobs" };

async function counted<Outcome extends { outcome: string }>(calls: Promise<Outcome>[]) {
  const tally: Record<string, number> = {};
  for (const { outcome } of await Promise.all(calls)) {
    tally[outcome] = (tally[outcome] ?? 0) + 1;
  }
  return tally;
}

const times = <Item>(length: number, make: (index: number) => Item) =>
  Array.from({ length }, (_, n) => make(n));

test("50 reserves race for the room of 10: 10 hold it, on a gate that is born in the race", async () => {
  const acme = await bench.customer();
  const calls = times(50, () => bench.reserve(acme, 1, jobs));
  expect(await counted(calls)).toEqual({ done: 10, hard_cap: 40 });
  expect(await bench.status(acme, "jobs")).toMatchObject({ periodUsed: 0, periodHeld: 10 });
  await bench.assertExact(acme);
});

test("one key reserved 30 times at once holds once", async () => {
  const acme = await bench.customer();
  expect(await counted(times(30, () => bench.reserve(acme, 7, { key: "once" })))).toEqual({
    done: 1,
    duplicate: 29,
  });
  expect(await bench.status(acme)).toMatchObject({ dayHeld: 7 });
});

test("reserves and consumes together take exactly the limit", async () => {
  const acme = await bench.customer();
  const calls = times(120, (n) => (n % 2 === 0 ? bench.reserve(acme, 1) : bench.consume(acme, 1)));
  await Promise.all(calls);
  const { dayUsed, dayHeld } = await bench.status(acme);
  expect(dayUsed + dayHeld).toBe(50);
  await bench.assertExact(acme);
});

test.each(times(8, (n) => n))(
  "commit, release and expiry race for one reservation: one wins (%i)",
  async () => {
    const acme = await bench.customer();
    const id = idOf(await bench.reserve(acme, 5, { ttlSeconds: 1 }));
    // About when it expires: some calls see it open, some do not.
    await bench.make.setClock("2028-06-15T12:00:00.985Z");
    const calls = times(12, (n) => [
      bench.commit(acme, id, 4, `k${n}`),
      bench.release(acme, id),
      expireReservations(bench.worker, 10).then((ended) => ({ outcome: `ended ${ended}` })),
    ]).flat();
    const tally = await counted<{ outcome: string }>(calls);
    const committed = await bench.rows(
      "select 1 from headroom.usage_event where organization_id = $1 and key = $2",
      acme.id,
      `res:${id}`,
    );
    const [row] = await bench.rows<{ status: string }>(
      "select status from headroom.usage_reservation where id = $1",
      id,
    );
    expect(tally.done).toBe(1);
    expect(row?.status).toBe(committed.length === 1 ? "committed" : "released");
    expect(await bench.status(acme)).toMatchObject({
      dayUsed: 4 * committed.length,
      dayHeld: 0,
      periodHeld: 0,
    });
    await bench.assertExact(acme);
  },
);

test("20 commits of more than they hold race for the room that is left", async () => {
  const acme = await bench.customer();
  const ids = (await Promise.all(times(20, () => bench.reserve(acme, 2)))).map(idOf);
  // 50 a day, 40 held: of 20 that want one more, 10 get it.
  expect(await counted(ids.map((id) => bench.commit(acme, id, 3)))).toEqual({ done: 10, daily_limit: 10 });
  expect(await bench.status(acme)).toMatchObject({ dayUsed: 30, dayHeld: 20 });
  await bench.assertExact(acme);
});

test("a refusal sweeps while others sweep: what had expired is given back once", async () => {
  const acme = await bench.customer();
  await Promise.all(times(10, () => bench.reserve(acme, 5, { ttlSeconds: 1 })));
  await bench.make.setClock("2028-06-15T12:00:10Z");
  const calls = times(20, () => bench.reserve(acme, 5));
  const sweeps = times(10, () => expireReservations(bench.worker, 10));
  expect(await counted(calls)).toEqual({ done: 10, daily_limit: 10 });
  await Promise.all(sweeps);
  expect(await bench.status(acme)).toMatchObject({ dayUsed: 0, dayHeld: 50 });
  await bench.assertExact(acme);
});

/** What may happen to a gate at once; a failure of any is a failure of the test. */
async function storm(acme: Customer, round: number): Promise<void> {
  const held = await Promise.all(
    times(6, (n) => bench.reserve(acme, 1 + n, { ...jobs, ttlSeconds: n < 2 ? 1 : 600 })),
  );
  const ids = held.flatMap((one) => ("reservation" in one ? [one.reservation.id] : []));
  const first = await bench.consume(acme, 1, jobs);
  await bench.make.setClock(`2028-06-15T12:0${round}:30Z`);
  await Promise.all([
    ...ids.map((id, n) => (n % 2 ? bench.commit(acme, id, 1 + n) : bench.release(acme, id))),
    ...ids.map((id) => bench.commit(acme, id)),
    expireReservations(bench.worker, 10),
    bench.worker.pool.query("select start_period($1, $2)", [acme.id, `2028-06-15T12:0${round}:00Z`]),
    bench.api.pool.query("select refresh_limits($1)", [acme.id]),
    ...("eventId" in first ? [bench.takeBack(acme, { eventId: first.eventId })] : []),
    bench.consume(acme, 2, jobs),
    bench.consume(acme, 1, { ...jobs, mode: "record", occurredAt: "2028-06-14T12:00:00Z" }),
  ]);
  await bench.assertExact(acme);
}

describe("commit, release, void, expiry, moved periods and limits on one gate", () => {
  test("neither deadlock nor lose a unit", async () => {
    const acme = await bench.customer({ plan: "pro" });
    for (const round of [1, 2, 3, 4, 5]) {
      await storm(acme, round);
    }
    const [least] = await bench.rows(
      "select least(min(day_held), min(period_held))::int as held from headroom.usage_gate where organization_id = $1",
      acme.id,
    );
    expect(least).toEqual({ held: expect.toSatisfy((held: number) => held >= 0) });
  });
});
