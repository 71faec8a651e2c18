import type Stripe from "stripe";
import { describe, expect, test } from "vitest";
import { goldenCases } from "./testing/golden/cases.ts";
import { type ExpectedInvoice, type ExpectedLine, type LineKind, openScene } from "./testing/golden/scene.ts";

/*
 * The expected figures were worked out by hand from Stripe's documented rules and written down before the sandbox
 * computed them: each case says its rule, its source and its sum. Every case runs over HTTP with the real client.
 */
describe("golden invoices", () => {
  test("there are at least 25, each with its rule, its source and its sum", () => {
    expect(goldenCases.length).toBeGreaterThanOrEqual(25);
    expect(new Set(goldenCases.map(({ name }) => name)).size).toBe(goldenCases.length);
    const bare = goldenCases.filter(
      ({ rule, source, arithmetic }) => !rule || !source || arithmetic.length === 0,
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  test("the figures written down agree with themselves", () => {
    for (const { name, invoices } of goldenCases) {
      for (const invoice of invoices) {
        const sum = invoice.lines.reduce((total, { amount }) => total + amount, 0);
        expect(`${name}: ${invoice.subtotal}`).toBe(`${name}: ${sum}`);
        const added = invoice.total - (invoice.subtotal - invoice.discount);
        expect(added, name).toBeGreaterThanOrEqual(Math.min(0, invoice.tax));
        expect(added, name).toBeLessThanOrEqual(Math.max(0, invoice.tax));
      }
    }
  });

  test.each(goldenCases.map((golden) => [golden.name, golden] as const))("%s", async (_, golden) => {
    const scene = await openScene(golden.begins);
    try {
      const outcome = await golden.script(scene);
      const { data } = await scene.stripe.invoices.list({ customer: outcome.customer, limit: 100 });
      expect(data.reverse().map(invoiceOf)).toEqual(golden.invoices);
      expect(outcome.seen ?? []).toEqual(golden.seen ?? []);
      const customer = (await scene.stripe.customers.retrieve(outcome.customer)) as Stripe.Customer;
      expect(customer.balance).toBe(golden.balance ?? 0);
    } finally {
      await scene.close();
    }
  });
});

function invoiceOf(invoice: Stripe.Invoice): ExpectedInvoice {
  const sum = (amounts: Array<{ amount: number }> | null): number =>
    (amounts ?? []).reduce((total, { amount }) => total + amount, 0);
  return {
    reason: String(invoice.billing_reason),
    lines: invoice.lines.data.map(lineOf),
    subtotal: invoice.subtotal,
    discount: sum(invoice.total_discount_amounts),
    tax: sum(invoice.total_taxes),
    total: invoice.total,
    due: invoice.amount_due,
    status: String(invoice.status),
  };
}

function lineOf(line: Stripe.InvoiceLineItem): ExpectedLine {
  const details = line.parent?.subscription_item_details ?? line.parent?.invoice_item_details;
  return {
    kind: kindOf(line),
    quantity: line.quantity ?? 0,
    unit: line.pricing?.unit_amount_decimal?.toString() ?? null,
    amount: line.amount,
    proration: details?.proration === true,
    period: [instant(line.period.start), instant(line.period.end)],
  };
}

function kindOf({ description, parent }: Stripe.InvoiceLineItem): LineKind {
  if (description?.startsWith("Trial period")) return "trial";
  if (description?.startsWith("Unused time")) return "unused";
  if (description?.startsWith("Remaining time")) return "remaining";
  return parent?.type === "invoice_item_details" ? "item" : "period";
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T00:00", "");
}
