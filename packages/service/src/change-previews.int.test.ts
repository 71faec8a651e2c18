import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { previewChange } from "./change-previews.ts";
import { startCheckout } from "./checkout.ts";
import type { PlanWish } from "./plan-change-terms.ts";
import { changePlan } from "./plan-changes.ts";
import { setSeats } from "./seat-purchases.ts";
import { deliver, subscribe, withLadder } from "./testing/plan-ladder.ts";
import { createStripeBench, type StripeBench } from "./testing/stripe-bench.ts";

let bench: StripeBench;
beforeAll(async () => {
  // Stripe prorates by the second: a preview and its change are to fall into one.
  bench = await createStripeBench({ configure: withLadder, stillAt: new Date("2030-01-05T09:30:00Z") });
});
afterAll(() => bench?.close());

type Subscribed = Awaited<ReturnType<typeof subscribe>>;

/** A change previewed and made: what was said of now and of the renewal, and what was billed. */
async function previewed(one: Subscribed, wish: PlanWish) {
  const preview = await previewChange(bench.api, one.access, wish);
  const before = (await one.invoices()).length;
  await changePlan(bench.api, one.access, wish);
  const after = await one.invoices();
  const billedNow = after
    .slice(0, after.length - before)
    .reduce((sum, invoice) => sum + invoice.amount_due, 0);
  const { data: items } = await bench.stripe.invoiceItems.list({ customer: one.customerId, pending: true });
  return { preview, billedNow, pending: items.reduce((sum, item) => sum + item.amount, 0) };
}

async function endOfPeriod(one: Subscribed): Promise<string> {
  const [item] = (await one.subscription()).items.data;
  return new Date(1_000 * (item?.current_period_end ?? 0)).toISOString();
}

/** What the next renewal is, in the end. */
async function renewal(one: Subscribed): Promise<number | undefined> {
  await bench.advance("P1MT2H");
  await deliver(bench, one.id);
  return (await one.invoices())[0]?.total;
}

describe("to the cent what the change then bills", () => {
  test("on the next invoice", async () => {
    const one = await subscribe(bench, { planId: "starter", seats: 3 });
    await bench.advance("P9DT5H");
    const { preview, billedNow } = await previewed(one, { planId: "pro" });
    expect(preview).toMatchObject({ planId: "pro", currency: "usd", dueNow: 0, overLimit: null });
    expect(billedNow).toBe(0);
    expect(preview.lines.reduce((sum, line) => sum + line.amount, 0)).toBe(preview.next?.total);
    expect(await renewal(one)).toBe(preview.next?.total);
  });

  test("at once", async () => {
    const one = await subscribe(bench, { planId: "pro", seats: 2 });
    await bench.advance("P11D");
    const { preview, billedNow } = await previewed(one, { planId: "team", seats: 4 });
    expect(preview.dueNow).toBe(billedNow);
    expect(billedNow).toBeGreaterThan(4_000);
    expect(preview.lines.reduce((sum, line) => sum + line.amount, 0)).toBe(preview.dueNow);
    expect(preview.next?.total).toBe(9_900 + 4 * 800);
    expect(await renewal(one)).toBe(preview.next?.total);
  });

  test("another interval", async () => {
    const one = await subscribe(bench, { planId: "pro", seats: 1 });
    await bench.advance("P10D");
    const { preview, billedNow } = await previewed(one, { planId: "pro", interval: "year" });
    expect(preview.dueNow).toBe(billedNow);
    expect(preview.next?.total).toBe(29_000 + 9_000);
    expect(preview.next?.at).toBe(await endOfPeriod(one));
  });

  test("at once, with what waited for the next invoice, which that one does not bill again", async () => {
    const now = await subscribe(bench, { planId: "pro", seats: 2 });
    await bench.advance("P3D");
    await setSeats(bench.api, now.access, { seats: 6 });
    const { preview, billedNow, pending } = await previewed(now, { planId: "team", seats: 6 });
    expect([preview.dueNow, pending]).toEqual([billedNow, 0]);
    expect(preview.next?.total).toBe(9_900 + 6 * 800);
    expect(await renewal(now)).toBe(preview.next?.total);
    const yearly = await subscribe(bench, { planId: "pro", seats: 0, interval: "year" });
    await bench.advance("P1M");
    await setSeats(bench.api, yearly.access, { seats: 1 });
    const monthly = await previewed(yearly, { planId: "pro", interval: "month" });
    expect(monthly.preview.next?.total).toBe(2_900 + 900);
    expect(monthly.pending).toBe(0);
    expect(monthly.preview.next?.at).toBe(await endOfPeriod(yearly));
  });

  test("a cheaper plan that waits, and its withdrawal", async () => {
    const one = await subscribe(bench, { planId: "pro", seats: 2 });
    const { preview, billedNow, pending } = await previewed(one, { planId: "starter" });
    expect([preview.dueNow, billedNow, pending]).toEqual([0, 0, 0]);
    expect(preview.effectiveAt).toBe(preview.next?.at);
    expect(preview.next?.total).toBe(2_000);
    const back = await previewed(one, { planId: "pro" });
    expect(back.preview.next?.total).toBe(4_700);
    expect(await renewal(one)).toBe(4_700);
  });

  test("a dearer plan while a cheaper one waits, settled now and on the next invoice", async () => {
    for (const planId of ["team", "trial"]) {
      const one = await subscribe(bench, { planId: "pro", seats: 2 });
      await bench.advance("P8DT3H");
      await changePlan(bench.api, one.access, { planId: "starter" });
      const { preview, billedNow } = await previewed(one, { planId });
      expect(preview.dueNow).toBe(billedNow);
      expect(preview.lines.reduce((sum, line) => sum + line.amount, 0)).toBe(
        planId === "team" ? preview.dueNow : preview.next?.total,
      );
      expect(await renewal(one)).toBe(preview.next?.total);
    }
  });

  test("without proration, and in a trial", async () => {
    const one = await subscribe(bench, { planId: "pro" });
    const gift = await previewed(one, { planId: "gift" });
    expect([gift.preview.dueNow, gift.billedNow, gift.pending]).toEqual([0, 0, 0]);
    expect(await renewal(one)).toBe(gift.preview.next?.total);
    const other = await subscribe(bench, { planId: "trial" });
    const { preview } = await previewed(other, { planId: "team" });
    expect(preview).toMatchObject({ dueNow: 0, next: { total: 9_900 } });
  });
});

test("a cancellation has no next invoice; a free plan costs nothing, with or without Stripe", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  const { access } = one;
  const leaving = await previewChange(bench.api, access, { planId: "free" });
  expect(leaving).toMatchObject({ planId: "free", dueNow: 0, next: null, lines: [] });
  expect(leaving.effectiveAt).not.toBeNull();
  const { access: grant } = await bench.organization();
  const without = { ...bench.api, stripe: null };
  const free = await previewChange(without, await grant("billing.manage"), { planId: "community" });
  expect(free).toMatchObject({ dueNow: 0, next: null });
});

test("before the first checkout: what the first invoice says", async () => {
  const { id, access } = await bench.organization();
  const manage = await access("billing.manage");
  const preview = await previewChange(bench.api, manage, { planId: "pro", seats: 2 });
  expect(preview).toMatchObject({ dueNow: 4_700, next: { total: 4_700 }, effectiveAt: null });
  expect(preview.lines.map((line) => line.amount)).toEqual([2_900, 1_800]);
  const trial = await previewChange(bench.api, manage, { planId: "trial" });
  expect(trial).toMatchObject({ dueNow: 0, next: { total: 4_900 } });
  await bench.pay((await startCheckout(bench.api, manage, { planId: "pro", seats: 2 })).checkoutUrl);
  const customer = await deliver(bench, id);
  expect((await bench.stripe.invoices.list({ customer })).data[0]?.total).toBe(preview.dueNow);
});

test("refused alike: what changePlan refuses", async () => {
  const one = await subscribe(bench, { planId: "pro" });
  const preview = (wish: PlanWish) => expect(previewChange(bench.api, one.access, wish)).rejects;
  await preview({ planId: "none" }).toMatchObject({ code: "plan_not_found" });
  await preview({ planId: "retired" }).toMatchObject({ code: "plan_not_available" });
  await preview({ planId: "mini", seats: 1 }).toMatchObject({ code: "validation_failed" });
});
