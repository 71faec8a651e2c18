import { afterEach, beforeEach, expect, test } from "vitest";
import { openWorkbench, until, type Workbench } from "./testing/workbench.ts";

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.close());

/** The names of the customers that events are about, in the order in which the list gives them. */
async function backfilled(params: object): Promise<string[]> {
  const names: string[] = [];
  for await (const { data } of bench.stripe.events.list({ limit: 2, ...params })) {
    names.push(String((data.object as { name?: string }).name));
  }
  return names;
}

test("what a receiver that was down has missed is read back by type, oldest first, from the last event seen", async () => {
  const { stripe, receiver } = bench;
  await stripe.customers.create({ name: "seen" });
  await until(() => receiver.types().length === 1);
  const ending_before = String(receiver.all[0]?.id);
  receiver.answer(() => 503);
  for (const name of ["a", "b", "c", "d", "e"]) {
    await stripe.customers.create({ name });
    await stripe.products.create({ name: `product ${name}` });
  }
  const missed = { delivery_success: false, ending_before };
  expect(await backfilled({ ...missed, types: ["customer.created"] })).toEqual(["a", "b", "c", "d", "e"]);
  expect(await backfilled({ ...missed, types: ["customer.created", "product.created"] })).toHaveLength(10);
  expect(await backfilled({ ...missed, types: ["price.created"] })).toEqual([]);
  expect(await backfilled({ delivery_success: true })).toEqual(["seen"]);
  const neither = stripe.events.list({ type: "customer.created", types: ["customer.created"] });
  await expect(neither).rejects.toMatchObject({ code: "parameters_exclusive" });
});

test("events are found by when they happened", async () => {
  const { stripe } = bench;
  await stripe.customers.create({ name: "before" });
  await bench.advance({ by: "1h" });
  const between = Math.floor((await bench.now()).getTime() / 1000) - 1800;
  await stripe.customers.create({ name: "after" });
  const types = ["customer.created"];
  expect(await backfilled({ types, created: { gte: between } })).toEqual(["after"]);
  expect(await backfilled({ types, created: { lt: between } })).toEqual(["before"]);
  const [{ created } = { created: 0 }] = (await stripe.events.list({ types, limit: 1 })).data;
  expect(await backfilled({ types, created })).toEqual(["after"]);
});
