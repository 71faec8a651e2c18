import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expireReservations } from "./open-reservations.ts";
import { type Customer, openUsageBench, type UsageBench } from "./testing/usage-bench.ts";

let bench: UsageBench;
beforeAll(async () => {
  bench = await openUsageBench();
});
afterAll(() => bench?.close());

/** One day and its period without an end: what a gate of jobs and pages says, without windows that turn. */
interface Hold {
  id: string;
  units: number;
  ends: number;
  status: "held" | "committed" | "released";
}

interface Model {
  now: number;
  cap: number;
  used: number;
  holds: Hold[];
  events: { id: string; units: number; voided: boolean }[];
}

const minute = 60_000;
const start = Date.parse("2028-06-15T00:10:00Z");

const open = (model: Model, hold: Hold) => hold.status === "held" && model.now < hold.ends;
const held = (model: Model) =>
  model.holds.filter((hold) => open(model, hold)).reduce((sum, { units }) => sum + units, 0);
const room = (model: Model) => model.cap - model.used - held(model);

type Step = (model: Model, acme: Customer) => Promise<void>;

const units = fc.integer({ min: 1, max: 6 });
const place = fc.nat(1_000);
const pick = <Item>(items: Item[], at: number) => items[at % Math.max(1, items.length)];

function write(model: Model, outcome: object, quantity: number): void {
  model.used += quantity;
  model.events.push({ id: (outcome as { eventId: string }).eventId, units: quantity, voided: false });
}

const reserve = fc.tuple(units, fc.constantFrom(1, 5, 30)).map(
  ([quantity, minutes]): Step =>
    async (model, acme) => {
      const fits = quantity <= room(model);
      const outcome = await bench.reserve(acme, quantity, { meter: "jobs", ttlSeconds: minutes * 60 });
      expect(outcome.outcome).toBe(fits ? "done" : "hard_cap");
      if ("reservation" in outcome) {
        const { id, expiresAt } = outcome.reservation;
        model.holds.push({ id, units: quantity, ends: expiresAt.getTime(), status: "held" });
      }
    },
);

const consume = fc.tuple(units, fc.constantFrom("reject", "cap", "record")).map(
  ([quantity, mode]): Step =>
    async (model, acme) => {
      const fits = Math.max(0, Math.min(quantity, room(model)));
      const taken = mode === "record" ? quantity : mode === "cap" ? fits : fits === quantity ? fits : 0;
      const outcome = await bench.consume(acme, quantity, { meter: "jobs", mode });
      expect(outcome).toMatchObject(
        taken === 0 ? { outcome: "hard_cap" } : { accepted: taken, overCap: taken - Math.min(taken, fits) },
      );
      if (taken > 0) write(model, outcome, taken);
    },
);

const commit = fc.tuple(place, fc.option(units)).map(
  ([at, quantity]): Step =>
    async (model, acme) => {
      const hold = pick(model.holds, at);
      if (hold === undefined) return;
      const late = !open(model, hold);
      const finished = hold.status !== "held";
      const take = quantity ?? hold.units;
      const free = room(model) + (late ? 0 : hold.units);
      const outcome = await bench.commit(acme, hold.id, quantity);
      if (finished) {
        expect(outcome).toEqual({ outcome: "not_open", status: hold.status });
      } else if (!late && take > hold.units && take > free) {
        expect(outcome.outcome).toBe("hard_cap");
      } else {
        const overCap = late ? Math.max(0, take - Math.max(0, free)) : 0;
        expect(outcome).toMatchObject({ outcome: "done", accepted: take, afterExpiry: late, overCap });
        hold.status = "committed";
        write(model, outcome, take);
      }
    },
);

const release = place.map(
  (at): Step =>
    async (model, acme) => {
      const hold = pick(model.holds, at);
      if (hold === undefined) return;
      const status = hold.status === "held" && !open(model, hold) ? "expired" : hold.status;
      const outcome = await bench.release(acme, hold.id);
      expect(outcome).toMatchObject(
        status === "held" ? { outcome: "done" } : { outcome: "not_open", status },
      );
      if (status === "held") hold.status = "released";
    },
);

const takeBack = place.map(
  (at): Step =>
    async (model, acme) => {
      const event = pick(model.events, at);
      if (event === undefined) return;
      const outcome = await bench.takeBack(acme, { eventId: event.id });
      expect(outcome.outcome).toBe(event.voided ? "duplicate" : "done");
      if (!event.voided) model.used -= event.units;
      event.voided = true;
    },
);

// Seven seconds more than whole half minutes: no step comes within the moment in which a hold ends.
const wait = fc.constantFrom(0.5, 3, 15).map(
  (minutes): Step =>
    async (model) => {
      model.now += minutes * minute + 7_000;
    },
);

const sweep = fc.constant<Step>(async () => {
  await expireReservations(bench.worker, 10);
});

const changePlan = fc.constantFrom("free", "pro").map(
  (plan): Step =>
    async (model, acme) => {
      await bench.rows(
        `update headroom.subscription set plan_id = $2, plan_version = 1, overage_allowed = true
           where organization_id = $1`,
        acme.id,
        plan,
      );
      await bench.api.pool.query("select refresh_limits($1)", [acme.id]);
      model.cap = plan === "pro" ? 120 : 10;
    },
);

const step = fc.oneof(
  { weight: 6, arbitrary: reserve },
  { weight: 4, arbitrary: consume },
  { weight: 6, arbitrary: commit },
  { weight: 3, arbitrary: release },
  { weight: 3, arbitrary: takeBack },
  { weight: 3, arbitrary: wait },
  { weight: 1, arbitrary: sweep },
  { weight: 1, arbitrary: changePlan },
);

test("a gate is what a small model of it says, whatever order calls come in", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 45 }), async (steps) => {
      const acme = await bench.customer();
      const model: Model = { now: start, cap: 10, used: 0, holds: [], events: [] };
      await bench.make.setClock(new Date(start).toISOString());
      for (const run of steps) {
        await run(model, acme);
        // The clock runs; the model's stands between steps.
        await bench.make.setClock(new Date(model.now).toISOString());
        const status = await bench.status(acme, "jobs");
        expect([status.periodUsed, status.periodHeld]).toEqual([model.used, held(model)]);
        expect([status.dayUsed, status.dayHeld]).toEqual([model.used, held(model)]);
      }
      await bench.assertExact(acme);
    }),
    { numRuns: 8, endOnFailure: true },
  );
}, 120_000);
