import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { billableUnits, chargeOverage, chooseInvoice, type InvoiceCandidate } from "./overage.ts";
import { overageOf } from "./usage.ts";

const units = fc.nat(2 ** 40);
const count = fc.record({
  total: units,
  included: fc.option(units, { nil: null }),
  hardCap: fc.option(units, { nil: null }),
  overCap: units,
});

describe("billableUnits", () => {
  it.each([
    ["nothing is over", 100, 100, 100, 0, 0],
    ["what is over is billed", 101, 100, 200, 0, 1],
    ["what was written above the cap is not", 150, 100, 130, 20, 30],
    ["with a cap at included nothing is", 110, 100, 100, 10, 0],
    ["without included nothing is over", 500, null, null, 0, 0],
    ["with none included everything is", 7, 0, null, 0, 7],
    ["a cap lowered afterwards lets nothing go", 150, 100, 100, 0, 50],
    ["a cap raised afterwards covers what was above it", 150, 100, 200, 20, 50],
    ["and in part", 150, 100, 140, 20, 40],
    ["a void makes room for what was above it", 120, 100, 130, 20, 20],
  ])("%s", (_name, total, included, hardCap, overCap, billed) => {
    expect(billableUnits({ total, included, hardCap, overCap }, false)).toBe(billed);
  });

  it("bills what is above the cap where the plan says so", () => {
    expect(billableUnits({ total: 150, included: 100, hardCap: 130, overCap: 20 }, true)).toBe(50);
  });

  it("is never negative and never more than the overage", () => {
    fc.assert(
      fc.property(count, fc.boolean(), (one, billAboveCap) => {
        const billed = billableUnits(one, billAboveCap);
        expect(billed).toBeGreaterThanOrEqual(0);
        expect(billed).toBeLessThanOrEqual(overageOf(one.total, one.included));
      }),
    );
  });

  it("falls when a voided event leaves the total", () => {
    fc.assert(
      fc.property(count, units, (one, voided) => {
        const less = { ...one, total: Math.max(0, one.total - voided) };
        expect(billableUnits(less, false)).toBeLessThanOrEqual(billableUnits(one, false));
      }),
    );
  });
});

describe("chargeOverage", () => {
  it("rounds the line once", () => {
    const terms = { unitPrice: "2.5", billAboveCap: false };
    expect(chargeOverage({ total: 103, included: 100, hardCap: null, overCap: 0 }, terms)).toEqual({
      quantity: 3,
      amount: 8,
    });
    expect(chargeOverage({ total: 100, included: 100, hardCap: null, overCap: 0 }, terms)).toBeNull();
  });
});

describe("chooseInvoice", () => {
  const end = 1_768_435_200_000;
  const month = 31 * 86_400_000;
  const invoice = (more: Partial<InvoiceCandidate>): InvoiceCandidate => ({
    id: "in_1",
    status: "draft",
    renewal: true,
    periodEnd: end,
    ...more,
  });

  it("takes the renewal draft of that very period", () => {
    const invoices = [
      invoice({ id: "in_0", periodEnd: end - month }),
      invoice({ id: "in_p", renewal: false }),
      invoice({ periodEnd: end + 700 }),
    ];
    expect(chooseInvoice(end, end + month, invoices)).toEqual({ kind: "draft", invoiceId: "in_1" });
  });

  it.each([
    ["the draft is finalized", end + month, [invoice({ status: "paid" })]],
    ["the subscription is over", null, []],
    ["a month of a yearly plan ends", end + 11 * month, []],
    ["the subscription was anchored anew", end + month, [invoice({ renewal: false })]],
  ])("makes one of our own when %s", (_, stripePeriodEnd, invoices) => {
    expect(chooseInvoice(end, stripePeriodEnd, invoices)).toEqual({ kind: "own" });
  });

  it("waits while Stripe has not turned the period", () => {
    expect(chooseInvoice(end, end, [])).toEqual({ kind: "wait" });
  });
});
