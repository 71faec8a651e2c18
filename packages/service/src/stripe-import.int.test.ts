import { encodeId } from "@headroom/domain/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { syncCustomer } from "./customer-sync.ts";
import { readStripeMapping } from "./import/stripe-mapping.ts";
import { createMovingBench, type MovingBench } from "./testing/moving-bench.ts";

let bench: MovingBench;
beforeAll(async () => {
  bench = await createMovingBench();
});
afterAll(() => bench?.close());

const links = () =>
  bench.rows("select customer_id, organization_id from headroom.stripe_customer order by 1");
const outcomes = ({ customers }: Awaited<ReturnType<MovingBench["link"]>>) =>
  Object.fromEntries(customers.map(({ customer, outcome }) => [customer, outcome]));

test("each customer is told what becomes of it; a dry run writes nothing, a second run changes nothing", async () => {
  const org = new Map<string, string>();
  for (const name of ["mapped", "labelled", "twice", "double", "free", "multi", "strange", "taken"]) {
    org.set(name, await bench.people(name));
  }
  const idOf = (name: string) => encodeId("org", org.get(name) ?? "");
  const labelled = await bench.customer(1, { metadata: { headroom_organization: idOf("labelled") } });
  const [mapped, twice, first, second, free, multi, unnamed, ghost, deleted] = [
    await bench.customer(2),
    await bench.customer(0),
    await bench.customer(0),
    await bench.customer(0),
    await bench.customer(null),
    await bench.customer(0),
    await bench.customer(0),
    await bench.customer(0),
    await bench.customer(null),
  ];
  await bench.subscribe(multi, 0);
  await bench.stripe.customers.del(deleted);
  const other = await bench.stripe.prices.create({
    product: (await bench.stripe.products.create({ name: "Other" })).id,
    currency: "usd",
    unit_amount: 100,
    recurring: { interval: "month" },
  });
  const strange = await bench.customer(null);
  await bench.stripe.subscriptions.create({ customer: strange, items: [{ price: other.id }] });
  const foreign = await bench.customer(null);
  await bench.stripe.subscriptions.create({ customer: foreign, items: [{ price: other.id }] });
  // An address like a member's links nobody.
  await bench.stripe.customers.create({ email: "free-0@example.com" });
  const lines = [
    ...bench.priceLines(),
    { customer: mapped, organization: idOf("mapped") },
    { customer: twice, organization: "twice" },
    { customer: twice, organization: "taken" },
    { customer: first, organization: "double" },
    { customer: second, organization: "double" },
    { customer: free, organization: "free" },
    { customer: multi, organization: "multi" },
    { customer: strange, organization: "strange" },
    { customer: ghost, organization: "nobody" },
    { customer: deleted, organization: "taken" },
  ];
  const expected = {
    [labelled]: "linked",
    [mapped]: "linked",
    [twice]: "customer_of_two_organizations",
    [first]: "organization_with_two_customers",
    [second]: "organization_with_two_customers",
    [free]: "linked",
    [multi]: "several_subscriptions",
    [strange]: "unknown_price",
    [unnamed]: "no_organization",
    [ghost]: "unknown_organization",
    // Of two that claim the organization the other one is not to be linked either.
    [deleted]: "organization_with_two_customers",
  };
  const before = await bench.rows("select count(*) from headroom.operator_entry");
  const dry = await bench.link(lines, { dryRun: true });
  expect(outcomes(dry)).toEqual(expected);
  expect(dry.others).toBe(2);
  expect(dry.prices.map(({ change }) => change)).toEqual(["created", "created", "created"]);
  expect(await links()).toEqual([]);
  expect(await bench.rows("select 1 from headroom.price_mapping")).toEqual([]);
  expect(await bench.rows("select count(*) from headroom.operator_entry")).toEqual(before);

  expect(outcomes(await bench.link(lines))).toEqual(expected);
  const linked = await links();
  expect(new Map(linked.map((row) => [row.customer_id, row.organization_id]))).toEqual(
    new Map([
      [labelled, org.get("labelled")],
      [mapped, org.get("mapped")],
      [free, org.get("free")],
      [multi, org.get("multi")],
      [strange, org.get("strange")],
    ]),
  );
  const [facts] = await bench.rows(
    "select plan_id, plan_version, seats_purchased, source from headroom.subscription where organization_id = $1",
    org.get("mapped"),
  );
  expect(facts).toEqual({ plan_id: "pro", plan_version: 1, seats_purchased: 2, source: "stripe" });
  const acts = await bench.rows(
    "select action, actor_id, target, data from headroom.operator_entry where action = 'stripe.customer_linked'",
  );
  expect(acts).toHaveLength(5);
  expect(acts).toContainEqual({
    action: "stripe.customer_linked",
    actor_id: "kim",
    target: idOf("mapped"),
    data: { customer: mapped },
  });

  const again = outcomes(await bench.link(lines));
  expect(again).toEqual({
    ...expected,
    [labelled]: "already_linked",
    [mapped]: "already_linked",
    [free]: "already_linked",
  });
  expect(await links()).toEqual(linked);
  expect(
    await bench.rows("select 1 from headroom.operator_entry where action = 'stripe.customer_linked'"),
  ).toHaveLength(5);

  // The strange price is mapped: the run that maps it reads the customer anew.
  const known = { price: other.id, role: "plan", plan: "pro", version: 1 };
  expect(outcomes(await bench.link([known]))[strange]).toBe("already_linked");
  const [row] = await bench.rows(
    "select plan_id, attention from headroom.subscription where organization_id = $1",
    org.get("strange"),
  );
  expect(row).toEqual({ plan_id: "pro", attention: null });
}, 60_000);

test("a customer that buys a mapped price before it is linked waits, and is applied by the link", async () => {
  const id = await bench.people("later");
  await bench.link(bench.priceLines());
  const customer = await bench.customer(1);
  await bench.deliver();
  expect(await syncCustomer(bench.webhook, customer)).toBe("nothing");
  const parked = () =>
    bench.rows(
      "select distinct status, reason from headroom.stripe_inbox where customer_id = $1 and type like 'customer.subscription%'",
      customer,
    );
  expect(await parked()).toEqual([{ status: "parked", reason: "unlinked" }]);
  expect(outcomes(await bench.link([{ customer, organization: "later" }]))[customer]).toBe("linked");
  await bench.deliver();
  expect(await parked()).toEqual([{ status: "applied", reason: null }]);
  const [row] = await bench.rows("select plan_id from headroom.subscription where organization_id = $1", id);
  expect(row).toEqual({ plan_id: "pro" });
}, 30_000);

test("a mapping is read whole or not at all", async () => {
  const csv = bench.file(["\uFEFFcustomer,organization", 'cus_1,"Acme, Inc."', "cus_2,a,b", "acct_3,x", ""]);
  await expect(readStripeMapping([csv])).rejects.toMatchObject({
    details: {
      issues: [
        { path: expect.stringMatching(/:3$/), message: "cannot be read" },
        { path: expect.stringMatching(/:4$/), message: "customer is no customer (cus_…)" },
      ],
    },
  });
  const prices = bench.file([
    "price,lookupKey,role,plan,version,meter",
    "price_1,,plan,pro,1,",
    ",old,seat,pro,1,",
    "price_2,,overage,,,jobs",
  ]);
  expect(await readStripeMapping([prices])).toEqual({
    customers: [],
    prices: [
      { name: "price_1", isLookupKey: false, role: "plan", planId: "pro", planVersion: 1 },
      { name: "old", isLookupKey: true, role: "seat", planId: "pro", planVersion: 1 },
      { name: "price_2", isLookupKey: false, role: "overage", meter: "jobs" },
    ],
  });
  const wrong = [
    { price: "price_9", role: "plan", plan: "pro", version: 7 },
    { price: "price_8", role: "overage", meter: "tea" },
    { price: "price_7", role: "seat", plan: "pro", version: 1 },
  ];
  await expect(bench.link(wrong)).rejects.toMatchObject({
    details: { issues: [{ path: "price_9" }, { path: "price_8" }] },
  });
  expect(await bench.rows("select 1 from headroom.price_mapping where name = 'price_7'")).toEqual([]);
});
