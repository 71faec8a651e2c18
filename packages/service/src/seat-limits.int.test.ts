import { uuidv7 } from "@headroom/platform/uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listMembers } from "./member-list.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { handOn } from "./testing/overrides.ts";
import { createSeatBench, type SeatBench, type Team } from "./testing/seat-bench.ts";
import { accessTo, invite, outcomeOf } from "./testing/world.ts";

let bench: SeatBench;
let real: StripeGateway;
beforeAll(async () => {
  bench = await createSeatBench();
  real = bench.webhook.stripe as StripeGateway;
});
afterAll(() => bench?.close());

const seatsOf = async (team: Team) => {
  const access = await accessTo(bench.api, { kind: "user", userId: team.owner }, team.id, "members.view");
  return (await listMembers(bench.api, access, { limit: 1 })).seats;
};
const inviting = (team: Team) =>
  outcomeOf(invite(bench.api, team.id, { kind: "user", userId: team.owner }, `${uuidv7()}@example.com`));
/** As in the dashboard: five seats of the plan, and so many bought. */
const buy = async (team: Team, quantity: number) => {
  const { items } = await bench.stripe.subscriptions.retrieve(team.subscriptionId);
  const item = items.data.find(({ price }) => price.metadata.headroom_role === "seat");
  await bench.stripe.subscriptionItems.update(item?.id ?? "", { quantity });
  await bench.hear(team);
};
const hearAs = async (team: Team, status: string) => {
  bench.webhook.stripe = {
    ...real,
    async fetchCustomer(id) {
      const customer = await real.fetchCustomer(id);
      return (
        customer && { ...customer, subscriptions: customer.subscriptions.map((one) => ({ ...one, status })) }
      );
    },
  };
  await bench.hear(team);
  bench.webhook.stripe = real;
};

test("a quantity lowered at Stripe removes nobody: over the limit nobody is added, whoever leaves may", async () => {
  const team = await bench.team("pro", { seats: 3 });
  const joined = [];
  while (joined.length < 7) {
    joined.push(await bench.join(team));
  }
  expect(await seatsOf(team)).toMatchObject({ limit: 8, members: 8, available: 0, overLimit: false });
  await buy(team, 1);
  expect(await seatsOf(team)).toMatchObject({ limit: 6, members: 8, available: 0, overLimit: true });
  expect(await inviting(team)).toBe("seat_limit_reached");
  for (const userId of joined.slice(0, 2)) {
    await bench.remove(team, userId);
  }
  expect(await seatsOf(team)).toMatchObject({ limit: 6, members: 6, overLimit: false });
  expect(await inviting(team)).toBe("seat_limit_reached");
  await bench.remove(team, joined[2] ?? "");
  expect(await inviting(team)).toBe("ok");
  await buy(team, 4);
  expect(await seatsOf(team)).toMatchObject({ limit: 9, members: 5, available: 3 });
  expect(await bench.keys(team)).toEqual([]);
});

test.each(["unpaid", "paused"])(
  "%s: the default plan's seats, nobody removed, removals work, and all is back once it is paid",
  async (status) => {
    const team = await bench.team("pro", { seats: 1 });
    const joined = [await bench.join(team), await bench.join(team), await bench.join(team)];
    await hearAs(team, status);
    expect(await seatsOf(team)).toMatchObject({ limit: 2, members: 4, overLimit: true });
    expect(await inviting(team)).toBe("seat_limit_reached");
    await bench.remove(team, joined[0] ?? "");
    expect(await seatsOf(team)).toMatchObject({ limit: 2, members: 3, overLimit: true });
    await hearAs(team, "active");
    expect(await seatsOf(team)).toMatchObject({ limit: 6, members: 3, overLimit: false });
    expect(await inviting(team)).toBe("ok");
  },
);

test("a subscription that ends leaves everybody in, on the default plan's seats", async () => {
  const team = await bench.team("pro", { seats: 1 });
  const joined = [await bench.join(team), await bench.join(team)];
  await bench.stripe.subscriptions.cancel(team.subscriptionId);
  await bench.hear(team);
  expect(await seatsOf(team)).toMatchObject({ limit: 2, members: 3, overLimit: true });
  await bench.remove(team, joined[0] ?? "");
  expect(await seatsOf(team)).toMatchObject({ limit: 2, members: 2, overLimit: false });
  expect(await inviting(team)).toBe("seat_limit_reached");
});

test("an operator's override replaces what is bought, whatever Stripe says meanwhile", async () => {
  const team = await bench.team("pro", { seats: 1 });
  const operator = handOn(bench.api, team.id);
  await operator.set("seats", null, 3);
  await buy(team, 9);
  expect(await seatsOf(team)).toMatchObject({ limit: 3, members: 1, available: 2 });
  await hearAs(team, "unpaid");
  expect(await seatsOf(team)).toMatchObject({ limit: 3 });
  await hearAs(team, "active");
  await operator.remove("seats", null);
  expect(await seatsOf(team)).toMatchObject({ limit: 14 });
});

test("an auto plan's limit is maxSeats, whatever is billed; an override moves the limit and bills nothing", async () => {
  const team = await bench.team();
  await bench.others(team, 4);
  await bench.push();
  expect(await seatsOf(team)).toMatchObject({ limit: null, members: 5, available: null });
  const operator = handOn(bench.api, team.id);
  await operator.set("seats", null, 4);
  expect(await seatsOf(team)).toMatchObject({ limit: 4, members: 5, overLimit: true });
  await bench.push();
  expect(await bench.seats(team)).toBe(3);
  expect(await inviting(team)).toBe("seat_limit_reached");
});
