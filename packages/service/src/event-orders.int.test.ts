import { randomInt } from "node:crypto";
import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { syncCustomer } from "./customer-sync.ts";
import { receiveEvent } from "./stripe/events.ts";
import type { CustomerState, StripeGateway } from "./stripe/gateway.ts";
import { pushMax, type Recording, record } from "./testing/sextet-recorder.ts";
import { sextets } from "./testing/sextets.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

/** Of the 720 orders of each sextet. */
const orders = inject("eventOrders");
const seed = Number(process.env.ORDERS_SEED ?? randomInt(1_000_000));
const atOnce = 8;

let bench: StripeBench;
beforeAll(async () => {
  bench = await createStripeBench({ settling: false });
  await pushMax(bench);
});
afterAll(() => bench?.close());

/** The mulberry32 generator: numbers in [0, 1). */
function dice(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const six = [0, 1, 2, 3, 4, 5];

function permutations(of: readonly number[]): number[][] {
  return of.length === 0
    ? [[]]
    : of.flatMap((first) => permutations(of.filter((one) => one !== first)).map((rest) => [first, ...rest]));
}

const allOrders = permutations(six);

/** Some of all orders, the given one and its reverse among them; all of them when that many are wanted. */
function someOrders(random: () => number): number[][] {
  const rest = allOrders.slice(1, -1);
  for (let at = rest.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [rest[at], rest[other]] = [rest[other] as number[], rest[at] as number[]];
  }
  return [six, six.toReversed(), ...rest].slice(0, orders);
}

/** `late`: everything has happened before the first event arrives. `live`: Stripe has what it had when the newest of those that arrived was sent. */
type Mode = "late" | "live";

interface Run {
  organizationId: string;
  /** What Stripe has of a customer by now. */
  now: CustomerState | null;
}

const runs = new Map<string, Run>();

const own = (state: CustomerState | null, organizationId: string) => state && { ...state, organizationId };

/** An organization and its customer, of whom what was before the story is applied. */
async function begin({ before }: Recording): Promise<string> {
  const organizationId = await bench.make.organization();
  const customerId = `cus_${uuidv7()}`;
  await bench.rows(
    "select headroom.create_gates(array[$1::uuid, $1::uuid], array['pages', 'jobs'])",
    organizationId,
  );
  await bench.rows("insert into headroom.stripe_customer values ($1, $2, now())", customerId, organizationId);
  runs.set(customerId, { organizationId, now: own(before, organizationId) });
  if (before !== null) {
    await arrive(customerId, { id: `evt_before_${customerId}`, type: "customer.updated" });
    await syncCustomer(contextOf(), customerId);
  }
  return customerId;
}

/** The gateway answers what the sandbox did. */
function contextOf() {
  const stripe: StripeGateway = {
    ...(bench.webhook.stripe as StripeGateway),
    fetchCustomer: async (customerId) => runs.get(customerId)?.now ?? null,
  };
  return { ...bench.webhook, stripe };
}

async function arrive(customerId: string, { id, type }: { id: string; type: string }): Promise<void> {
  const object =
    type === "customer.updated" || type === "customer.deleted"
      ? { object: "customer", id: customerId }
      : { object: "thing", id: "x", customer: customerId };
  const created = Math.floor(Date.now() / 1000);
  const payload = {
    object: "event",
    id: `${id}_${customerId}`,
    type,
    created,
    livemode: false,
    data: { object },
  };
  await receiveEvent({ ...bench.webhook, livemode: false }, payload, 0);
}

/** One order, some events twice or more, applied after each or several together. Answers the customer. */
async function play(recording: Recording, order: readonly number[], mode: Mode, random: () => number) {
  const customerId = await begin(recording);
  const run = runs.get(customerId) as Run;
  const deliveries = [...order];
  for (let more = Math.floor(random() * 4); more > 0; more--) {
    const at = Math.floor(random() * deliveries.length);
    deliveries.splice(at + 1 + Math.floor(random() * (deliveries.length - at)), 0, deliveries[at] as number);
  }
  let newest = -1;
  for (const index of deliveries) {
    const event = recording.events[index] as Recording["events"][number];
    newest = Math.max(newest, index);
    const { then } = recording.events[newest] as Recording["events"][number];
    const isLast = newest === six.length - 1;
    run.now = own(mode === "late" || isLast ? recording.after : then, run.organizationId);
    await arrive(customerId, event.payload);
    if (random() < 0.4) {
      const workers = random() < 0.3 ? 2 : 1;
      await Promise.all(Array.from({ length: workers }, () => syncCustomer(contextOf(), customerId)));
    }
  }
  run.now = own(recording.after, run.organizationId);
  await syncCustomer(contextOf(), customerId);
  return customerId;
}

/** What is compared: facts, limits, and what the audit trail tells. What happened "now" is a moment apart in each. */
async function outcomeOf(customerId: string, end: number) {
  const { organizationId } = runs.get(customerId) as Run;
  const isNow = (value: unknown) =>
    value instanceof Date && value.getTime() >= end - 2_000 && value.getTime() < end + 1_200_000;
  const strip = (rows: Record<string, unknown>[]) =>
    rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, isNow(value) ? "now" : value])),
    );
  const facts = await bench.rows(
    "select to_jsonb(s) - 'organization_id' - 'updated_at' as facts from headroom.subscription s where organization_id = $1",
    organizationId,
  );
  const limits = await bench.rows(
    `select meter, period_start, period_end, daily_limit, included, hard_cap, period_used
     from headroom.usage_gate where organization_id = $1 order by meter`,
    organizationId,
  );
  const told = await bench.rows(
    "select action, data from headroom.audit_entry where organization_id = $1 and actor_kind = 'system' order by seq",
    organizationId,
  );
  // What comes after the word that a customer was deleted is ignored.
  const waiting = await bench.rows(
    "select status, last_error from headroom.stripe_inbox where customer_id = $1 and status not in ('applied', 'ignored')",
    customerId,
  );
  return { state: { facts: facts[0]?.facts, limits: strip(limits) }, told, waiting };
}

/** A change is told once: the next of its kind starts where it ended. */
function expectNothingDoubled(told: Record<string, unknown>[]): void {
  const changes = told.filter(({ action }) =>
    /state_changed|seats_changed|plan_changed/.test(String(action)),
  );
  for (const action of new Set(changes.map((entry) => entry.action))) {
    const chain = changes
      .filter((entry) => entry.action === action)
      .map(({ data }) => data as { from: unknown; to: unknown });
    for (const [index, change] of chain.entries()) {
      expect(change.from).not.toEqual(change.to);
      if (index > 0 && action !== "subscription.plan_changed")
        expect(change.from).toEqual(chain[index - 1]?.to);
    }
  }
}

test("there are twenty-three of them, each with a name of its own", () => {
  expect(sextets).toHaveLength(23);
  expect(new Set(sextets.map(({ name }) => name)).size).toBe(23);
  expect(allOrders).toHaveLength(720);
});

test.each(sextets.map((sextet, index) => [sextet.name, sextet, index] as const))(
  "%s: in whatever order its events come, with duplicates, the end is the same",
  async (_, sextet, index) => {
    const recording = await record(bench, sextet);
    const [{ now } = {}] = await bench.rows("select headroom.clock_now() as now");
    const end = (now as Date).getTime();
    const random = dice(seed + index);
    const wanted = someOrders(random).map((order, at) => {
      const mode: Mode = at % 2 === 0 ? "late" : "live";
      return { order, mode, random: dice(Math.floor(random() * 2 ** 32)) };
    });
    const reference = await outcomeOf(await play(recording, six, "late", () => 0.99), end);
    expect(reference.waiting).toEqual([]);
    const queue = wanted.values();
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const { order, mode, random: own } of queue) {
          const found = await outcomeOf(await play(recording, order, mode, own), end);
          const where = `seed ${seed}, ${mode}, order ${order.join("")}`;
          expect({ where, state: found.state, waiting: found.waiting }).toEqual({
            where,
            state: reference.state,
            waiting: [],
          });
          if (mode === "late") {
            expect({ where, told: found.told }).toEqual({ where, told: reference.told });
          } else {
            expectNothingDoubled(found.told);
          }
        }
      }),
    );
  },
  600_000,
);
