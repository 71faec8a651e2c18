import { afterAll, beforeAll, expect, test } from "vitest";
import { authorize } from "./access.ts";
import { setMaxOverages } from "./max-overages.ts";
import { closeDuePeriods } from "./overage-reporting.ts";
import { compareWithStripe } from "./stripe-comparison.ts";
import { createMovingBench, type MovingBench } from "./testing/moving-bench.ts";

let bench: MovingBench;
beforeAll(async () => {
  bench = await createMovingBench({ settling: false });
}, 60_000);
afterAll(() => bench?.close());

test("every line of an invoice is compared, however many there are; void invoices are not", async () => {
  const customerId = await bench.customer(0);
  const acme = await bench.people("acme");
  await bench.link([...bench.priceLines(), { customer: customerId, organization: "acme" }]);
  const [owner] = await bench.rows(
    "select user_id as id from headroom.membership where organization_id = $1",
    acme,
  );
  const actor = { kind: "user", userId: String(owner?.id) } as const;
  await setMaxOverages(bench.api, await authorize(bench.api, actor, acme, "billing.manage"), {
    meter: "jobs",
    units: 50,
  });
  expect(await bench.consume(acme, "jobs", 130)).toBe(130);
  await bench.rows("update headroom.dev_clock set clock_offset = interval '1 month 46 minutes'");
  await closeDuePeriods(bench.worker);
  const [period] = await bench.rows(
    "select period_start as from, period_end as to from headroom.usage_period where organization_id = $1",
    acme,
  );
  const span = [period?.from, period?.to].map((at) => Math.floor((at as Date).getTime() / 1_000));

  /** 25 lines of three cents each: 75, as Headroom has it. */
  async function billElsewhere(): Promise<string> {
    const invoice = await bench.stripe.invoices.create({ customer: customerId, auto_advance: false });
    const id = String(invoice.id);
    for (let index = 0; index < 25; index += 1) {
      await bench.stripe.invoiceItems.create({
        customer: customerId,
        invoice: id,
        pricing: { price: bench.prices.overage },
        quantity: 1,
        period: { start: span[0] ?? 0, end: span[1] ?? 0 },
      });
    }
    return id;
  }
  const compared = async () => {
    const found = await compareWithStripe(bench.worker, { organizationId: acme });
    return found.organizations
      .flatMap(({ overage }) => overage)
      .map(({ stripe, result }) => [stripe?.amount, result]);
  };
  expect(await compared()).toEqual([[0, "differs"]]);
  const first = await billElsewhere();
  expect(await compared()).toEqual([[75, "same"]]);
  await billElsewhere();
  expect(await compared()).toEqual([[150, "differs"]]);
  await bench.stripe.invoices.finalizeInvoice(first);
  await bench.stripe.invoices.voidInvoice(first);
  expect(await compared()).toEqual([[75, "same"]]);
});
