import { byMeter, chargedTo } from "@headroom/service/testing/meter-plans";
import { createOverageBench, type OverageBench } from "@headroom/service/testing/overage-bench";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reconcile } from "./tasks/reconcile-overage.ts";

let bench: OverageBench;
beforeAll(async () => {
  bench = await createOverageBench({ settling: false, configure: byMeter });
});
afterAll(() => bench?.close());

test("what a final invoice missed of what a meter was told is on an invoice item after the night, once, whoever runs it", async () => {
  const acme = await bench.subscriber();
  await acme.take(120);
  const hold = { method: "POST", body: JSON.stringify({ held: true }) };
  expect((await fetch(`${bench.sandboxUrl}/_sandbox/meters`, hold)).status).toBe(200);
  await bench.advance("P1MT1M");
  await bench.deliver();
  await bench.work();
  await bench.advance("PT2H");
  expect(await chargedTo(bench, acme.customerId)).toEqual([]);
  const pushes = () =>
    bench.rows(
      "select state, reason, counted::int from headroom.usage_push where organization_id = $1",
      acme.id,
    );
  expect(await pushes()).toEqual([{ state: "sent", reason: null, counted: null }]);
  await Promise.all([reconcile(bench.worker), reconcile(bench.worker)]);
  await reconcile(bench.worker);
  expect(await pushes()).toEqual([{ state: "rejected", reason: "not_billed", counted: null }]);
  expect(await acme.ledger()).toMatchObject([{ kind: "charge", quantity: 20, amount: 50, status: "sent" }]);
  const [check] = await bench.rows("select differences::int from headroom.overage_check");
  expect(check).toEqual({ differences: 0 });
  await bench.advance("PT2H");
  expect(await chargedTo(bench, acme.customerId)).toEqual([{ total: 50, status: "paid" }]);
}, 60_000);
