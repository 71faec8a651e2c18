import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { getBilling } from "./billing.ts";
import { syncSeats } from "./seat-sync.ts";
import { StripeFault } from "./stripe/faults.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { createSeatBench, type SeatBench, type Team } from "./testing/seat-bench.ts";
import { accessTo } from "./testing/world.ts";

let bench: SeatBench;
let real: StripeGateway;
beforeEach(async () => {
  bench = await createSeatBench();
  real = bench.worker.stripe as StripeGateway;
});
afterEach(() => bench?.close());

const ownerOf = (team: Team) =>
  accessTo(bench.api, { kind: "user", userId: team.owner }, team.id, "billing.view");
const none = { pushed: 0, settled: 0, held: 0, busy: 0, failed: 0 };
const attention = async ({ id }: Team) =>
  (await bench.rows("select attention from headroom.subscription where organization_id = $1", id))[0]
    ?.attention;
const edit = async (team: Team, quantity: number) => {
  const { items } = await bench.stripe.subscriptions.retrieve(team.subscriptionId);
  const item = items.data.find(({ price }) => price.metadata.headroom_role === "seat");
  await bench.stripe.subscriptionItems.update(item?.id ?? "", { quantity, proration_behavior: "none" });
  await bench.hear(team);
};

test("whoever joins or leaves changes the seats at Stripe, beyond those that the plan includes", async () => {
  const team = await bench.team();
  expect(await bench.push()).toEqual({ ...none, settled: 1 });
  const first = await bench.join(team);
  expect(await bench.push()).toEqual({ ...none, settled: 1 });
  await Promise.all([bench.join(team), bench.join(team)]);
  expect(await bench.push()).toEqual({ ...none, pushed: 1 });
  expect(await bench.seats(team)).toBe(2);
  await bench.remove(team, first);
  expect(await bench.push()).toEqual({ ...none, pushed: 1 });
  expect(await bench.seats(team)).toBe(1);
  expect(await bench.push()).toEqual(none);
  const [row] = await bench.rows(
    "select seats_purchased from headroom.subscription where organization_id = $1",
    team.id,
  );
  expect(row).toEqual({ seats_purchased: 1 });
});

test("pending invites are not billed", async () => {
  const team = await bench.team();
  await bench.rows(
    `insert into headroom.invite (organization_id, id, email, email_folded, role, status, token_hash, created_at, updated_at, expires_at)
     select $1, gen_random_uuid(), n || '@example.com', n || '@example.com', 'member', 'pending', '', now(), now(), 'infinity'
     from generate_series(1, 5) n`,
    team.id,
  );
  await bench.others(team, 2);
  await bench.push();
  expect(await bench.seats(team)).toBe(1);
});

test("the basis excluding_owner bills additional members alone", async () => {
  const team = await bench.team();
  const { policies } = bench.worker.configuration;
  bench.worker.configuration = {
    ...bench.worker.configuration,
    policies: { ...policies, seats: { ...policies.seats, basis: "excluding_owner" } },
  };
  await bench.others(team, 4);
  await bench.push();
  expect(await bench.seats(team)).toBe(2);
});

test("five, six, five, six: each is a call of its own, none is swallowed by its key", async () => {
  const team = await bench.team();
  for (const seats of [5, 6, 5, 6]) {
    await bench.others(team, seats + 1);
    await bench.push();
    expect(await bench.seats(team)).toBe(seats);
  }
  const keys = await bench.keys(team);
  expect(keys).toHaveLength(4);
  expect(new Set(keys).size).toBe(4);
  expect(keys[3]).toMatch(/^seat:si_\w+:4$/);
});

test("changes are waited for: 5 seconds without one, 60 at most", async () => {
  const team = await bench.team();
  await bench.push();
  await bench.others(team, 3);
  expect(await syncSeats(bench.worker)).toEqual(none);
  const since = (changed: string, requested: string) =>
    bench.rows(
      `update headroom.seat_target set changed_at = clock_timestamp() - $1::interval, requested_at = clock_timestamp() - $2::interval`,
      changed,
      requested,
    );
  await since("4.5 seconds", "58 seconds");
  expect(await syncSeats(bench.worker)).toEqual(none);
  await since("0 seconds", "60 seconds");
  expect(await syncSeats(bench.worker)).toEqual({ ...none, pushed: 1 });
  await bench.others(team, 4);
  await since("5 seconds", "5 seconds");
  expect(await syncSeats(bench.worker)).toEqual({ ...none, pushed: 1 });
  expect(await bench.seats(team)).toBe(3);
});

test("who joins while Stripe is called waits for more of their kind, not for nothing", async () => {
  const team = await bench.team();
  await bench.others(team, 3);
  bench.worker.stripe = {
    ...real,
    async updateSubscription(...call) {
      await real.updateSubscription(...call);
      await bench.make.member(team.id);
    },
  };
  expect(await bench.push()).toEqual({ ...none, pushed: 1 });
  expect(await bench.keys(team)).toHaveLength(1);
  const target = await bench.target(team);
  expect(target?.requested_at).toEqual(target?.changed_at);
  bench.worker.stripe = real;
  expect(await bench.push()).toEqual({ ...none, pushed: 1 });
  expect(await bench.seats(team)).toBe(3);
});

test("licensed plans are never pushed, nor is who pays nothing", async () => {
  const licensed = await bench.team("pro", { seats: 4 });
  await bench.join(licensed);
  const id = await bench.make.organization();
  await bench.make.member(id);
  expect(await bench.push()).toEqual(none);
  expect(await bench.seats(licensed)).toBe(4);
  expect(await bench.target(licensed)).toBeUndefined();
  expect(await bench.rows("select from headroom.seat_target")).toEqual([]);
});

describe("what a change within a period costs", () => {
  // The period has hardly begun: a seat's share of it is its price.
  test.each([
    ["next_invoice", [1500], [-1500, 1000, 1500], 0],
    ["none", [], [], 0],
  ] as const)("%s", async (proration, up, down, invoices) => {
    const team = await bench.team(`team_${proration}`);
    await bench.others(team, 4);
    await bench.push();
    expect(await bench.seats(team)).toBe(3);
    expect(await bench.prorations(team)).toEqual(up);
    await bench.others(team, 3);
    await bench.push();
    expect(await bench.prorations(team)).toEqual(down);
    expect((await bench.stripe.invoices.list({ customer: team.customerId })).data).toHaveLength(1 + invoices);
  });

  test("now: on an invoice at once", async () => {
    const team = await bench.team("team_now");
    await bench.others(team, 4);
    await bench.push();
    const { data } = await bench.stripe.invoices.list({ customer: team.customerId });
    expect(data.map(({ total, status }) => [total, status])).toEqual([
      [1500, "paid"],
      [1000, "paid"],
    ]);
  });

  test("high_water: the most that a period had, each seat of it once; the next period bills what is left", async () => {
    const team = await bench.team("team_high_water");
    for (const [others, pending] of [
      [4, [1500]],
      [2, [1500]],
      [4, [1500]],
      [3, [1500]],
      [6, [1500, 1500, 2500]],
    ] as const) {
      await bench.others(team, others);
      await bench.push();
      expect(await bench.seats(team)).toBe(others - 1);
      const lines = await bench.prorations(team);
      expect(lines.reduce((sum, one) => sum + one, 0)).toBe(500 * Math.max(3, others - 1));
      expect(lines.length).toBeGreaterThanOrEqual(pending.length > 1 ? 2 : 1);
    }
    await bench.others(team, 2);
    await bench.advance("P1M2D");
    const [renewal] = (await bench.stripe.invoices.list({ customer: team.customerId })).data;
    expect(renewal?.total).toBe(1000 + 500 + 2500);
    await bench.hear(team);
    await bench.others(team, 3);
    await bench.push();
    expect((await bench.prorations(team)).length).toBe(2);
  });
});

test("a declined card undoes no membership: the next invoice carries the seat", async () => {
  const team = await bench.team("team_now");
  const { default_payment_method: card } = await bench.stripe.subscriptions.retrieve(team.subscriptionId);
  expect(card).not.toBeNull();
  const method = await bench.stripe.paymentMethods.attach("pm_card_chargeCustomerFail", {
    customer: team.customerId,
  });
  await bench.stripe.subscriptions.update(team.subscriptionId, { default_payment_method: method.id });
  await bench.others(team, 4);
  expect(await bench.push()).toEqual({ ...none, pushed: 1 });
  expect(await bench.seats(team)).toBe(3);
  expect(await bench.prorations(team)).toEqual([1500]);
  expect(await bench.target(team)).toMatchObject({ attempts: 0, last_error: null, sent: null });
});

test("an auto plan on a renewal bills the members of that moment, however the clock moves", async () => {
  const team = await bench.team();
  await bench.others(team, 7);
  await bench.advance("P32D");
  const [renewal] = (await bench.stripe.invoices.list({ customer: team.customerId })).data;
  expect(renewal?.lines.data.find(({ description }) => /^6 ×/.test(description ?? ""))?.amount).toBe(3000);
  expect(await bench.seats(team)).toBe(6);
});

describe("somebody changes the quantity at Stripe", () => {
  test("it is corrected once, then stands and is told of; the next change of members sets it right", async () => {
    const team = await bench.team();
    const left = await bench.join(team);
    await bench.join(team);
    await bench.join(team);
    await bench.push();
    await edit(team, 1);
    expect(await bench.push()).toEqual({ ...none, pushed: 1 });
    expect(await bench.seats(team)).toBe(2);
    expect(await attention(team)).toBeNull();

    await edit(team, 1);
    expect(await bench.push()).toEqual({ ...none, settled: 1 });
    expect(await bench.seats(team)).toBe(1);
    expect(await attention(team)).toBe("seats_differ");
    await bench.hear(team);
    expect(await attention(team)).toBe("seats_differ");
    expect(await bench.push()).toEqual(none);
    const [members] = await bench.rows(
      "select count(*)::int as n from headroom.membership where organization_id = $1",
      team.id,
    );
    expect(members).toEqual({ n: 4 });
    const trail = await bench.rows(
      "select data->>'attention' as attention from headroom.audit_entry where action = 'subscription.attention_raised' and organization_id = $1",
      team.id,
    );
    expect(trail).toEqual([{ attention: "seats_differ" }]);

    await bench.remove(team, left);
    await bench.join(team);
    await bench.push();
    expect(await bench.seats(team)).toBe(2);
    expect(await attention(team)).toBeNull();
  });

  test("whoever puts it right ends it", async () => {
    const team = await bench.team();
    await bench.others(team, 3);
    await bench.push();
    await edit(team, 1);
    await bench.push();
    await edit(team, 1);
    await bench.push();
    expect(await attention(team)).toBe("seats_differ");
    await edit(team, 2);
    expect(await attention(team)).toBeNull();
    expect(await bench.push()).toEqual(none);
  });
});

test("past due: the quantity goes on, the period is not charged; unpaid and paused wait, and are made up for", async () => {
  const team = await bench.team();
  const as = (status: string): StripeGateway => ({
    ...real,
    async fetchCustomer(id) {
      const customer = await real.fetchCustomer(id);
      return (
        customer && { ...customer, subscriptions: customer.subscriptions.map((one) => ({ ...one, status })) }
      );
    },
  });
  const under = async (status: string) => {
    bench.worker.stripe = bench.webhook.stripe = as(status);
    await bench.hear(team);
    return bench.push();
  };
  await bench.push();
  await bench.others(team, 3);
  expect(await under("past_due")).toEqual({ ...none, pushed: 1 });
  expect([await bench.seats(team), await bench.prorations(team)]).toEqual([2, []]);
  for (const status of ["unpaid", "paused"]) {
    await bench.others(team, 9);
    expect(await under(status)).toEqual(none);
    expect(await bench.seats(team)).toBe(2);
  }
  expect(await under("active")).toEqual({ ...none, pushed: 1 });
  expect(await bench.seats(team)).toBe(8);
});

test("a subscription that ended is left alone", async () => {
  const team = await bench.team();
  await bench.others(team, 4);
  await bench.stripe.subscriptions.cancel(team.subscriptionId);
  expect(await bench.push()).toEqual({ ...none, settled: 1 });
  await bench.others(team, 5);
  expect(await bench.push()).toEqual(none);
  expect(await getBilling(bench.api, await ownerOf(team))).toMatchObject({ plan: { id: "free" } });
});

test("growth from 3 to 40 in a minute is a few calls, and the last quantity is right", async () => {
  const team = await bench.team("team_now");
  for (let members = 3; members <= 40; members += 1) {
    await bench.make.member(team.id);
    await bench.push();
  }
  await bench.make.member(team.id);
  const made = await bench.keys(team);
  expect(made).toHaveLength(8);
  expect(await bench.push()).toEqual(none);
  expect(await bench.target(team)).toMatchObject({ attempts: 0 });
  await bench.rows("update headroom.seat_target set not_before = null, recent_invoices = '{}'");
  expect(await bench.push()).toEqual({ ...none, pushed: 1 });
  expect(await bench.seats(team)).toBe(40 - 2);
});

describe("failures", () => {
  test("a call that reached Stripe before the process died is found and not made again", async () => {
    const team = await bench.team();
    await bench.others(team, 4);
    bench.worker.stripe = {
      ...real,
      async updateSubscription(...call) {
        await real.updateSubscription(...call);
        throw new StripeFault("unavailable", "killed");
      },
    };
    expect(await bench.push()).toEqual({ ...none, failed: 1 });
    expect(await bench.target(team)).toMatchObject({
      attempts: 1,
      last_error: "killed",
      sent: { key: expect.any(String) },
    });
    bench.worker.stripe = real;
    await bench.rows("update headroom.seat_target set not_before = null");
    expect(await bench.push()).toEqual({ ...none, settled: 1 });
    expect(await bench.keys(team)).toHaveLength(1);
    expect(await bench.prorations(team)).toEqual([1500]);
    expect(await bench.target(team)).toMatchObject({ attempts: 0, last_error: null, sent: null });
  });

  test("a call that may be on its way is made again under its own key, another one under another", async () => {
    const team = await bench.team();
    await bench.others(team, 4);
    const keys: string[] = [];
    bench.worker.stripe = {
      ...real,
      updateSubscription: (_id, _change, key) => {
        keys.push(key);
        return Promise.reject(new StripeFault("unavailable", "no answer"));
      },
    };
    const again = async () => {
      await bench.rows("update headroom.seat_target set not_before = null");
      await bench.push();
    };
    await again();
    await again();
    await bench.others(team, 5);
    await again();
    bench.worker.stripe = {
      ...real,
      updateSubscription: (_id, _change, key) => {
        keys.push(key);
        return Promise.reject(new StripeFault("unavailable", "answered with 500", { requestId: "req_1" }));
      },
    };
    await again();
    await again();
    const [first, second, third, fourth, fifth] = keys;
    expect(second).toBe(first);
    expect(third).not.toBe(first);
    expect(fourth).toBe(third);
    expect(fifth).not.toBe(third);
  });
});
