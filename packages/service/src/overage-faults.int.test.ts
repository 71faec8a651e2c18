import { clearFaults, type FaultRequest, injectFault } from "@headroom/stripe-sandbox/testing/controls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { reconcileOverage } from "./overage-reconciliation.ts";
import { closeDuePeriods, reportOverage } from "./overage-reporting.ts";
import type { StripeGateway } from "./stripe/gateway.ts";
import { createOverageBench, type OverageBench, type Subscriber } from "./testing/overage-bench.ts";

let bench: OverageBench;
let acme: Subscriber;
beforeEach(async () => {
  bench = await createOverageBench({ settling: false });
  acme = await bench.subscriber();
});
afterEach(async () => {
  await clearFaults(bench.sandboxUrl);
  await bench.close();
});

/** The worker goes on, round by round, until nothing is pending. */
async function finish(): Promise<void> {
  for (let round = 0; round < 6; round += 1) {
    await bench.work();
  }
}

const items = { method: "POST", path: "/v1/invoiceitems" } as const;
const invoices = { method: "POST", path: "/v1/invoices" } as const;
const faults: [string, FaultRequest][] = [
  ["an answer that never came for a line that was made", { kind: "reset_after_commit", ...items, times: 4 }],
  ["500 after the line was made", { kind: "status_after_commit", ...items, status: 500, times: 4 }],
  ["500 before it was made", { kind: "status", ...items, status: 500, times: 4 }],
  ["500 for a day", { kind: "status_kept", ...items, status: 500, times: 1 }],
  [
    "an invoice of our own that Stripe fails to make for a day",
    { kind: "status_kept", ...invoices, status: 500, times: 1 },
  ],
  ["429", { kind: "status", ...items, status: 429, times: 4 }],
  ["an invoice of our own whose answer was lost", { kind: "reset_after_commit", ...invoices, times: 4 }],
];

test.each(faults)(
  "%s: exactly one line",
  async (_name, fault) => {
    await acme.take(120);
    await bench.advance("PT2S");
    await bench.stripe.subscriptions.cancel(acme.subscriptionId);
    await bench.deliver();
    await injectFault(bench.sandboxUrl, fault);
    await finish();
    expect(await acme.billed()).toMatchObject([{ reason: "manual", quantity: 20, amount: 50 }]);
    expect((await reconcileOverage(bench.worker, { organizationId: acme.id })).differences).toEqual([]);
  },
  120_000,
);

/** Every call to Stripe that sending makes, each once as the last thing that its process did. */
const calls = [
  "fetchCustomer",
  "listSubscriptionInvoices",
  "listInvoices",
  "createInvoice",
  "fetchInvoice",
  "listLedgerItems",
  "createInvoiceItem",
  "updateInvoiceItem",
] as const;

test.each(calls)(
  "a process killed before or after %s: exactly one line, corrected too",
  async (name) => {
    const events = [await acme.take(101), await acme.take(19)];
    await bench.advance("PT2S");
    await bench.stripe.subscriptions.cancel(acme.subscriptionId);
    await bench.deliver();
    const real = bench.worker.stripe as StripeGateway;
    let died = 0;
    const dying = {
      ...real,
      async [name](...asked: never[]) {
        if (died === 0) {
          died += 1;
          throw new Error("killed before");
        }
        const answer = await (real[name] as (...args: never[]) => Promise<unknown>)(...asked);
        if (died === 1) {
          died += 1;
          throw new Error("killed after");
        }
        return answer;
      },
    };
    bench.worker.stripe = dying as StripeGateway;
    await bench.work();
    await acme.takeBack(events[1] ?? "");
    await finish();
    expect(await acme.billed()).toMatchObject([{ quantity: 1, amount: 3 }]);
    expect(died).toBe(2);
    expect(await acme.ledger()).toHaveLength(1);
  },
  120_000,
);

test.each([
  ["as it is", false, { quantity: 20, amount: 50 }],
  ["as it was before a correction", true, { quantity: 1, amount: 3 }],
])(
  "a create that reaches Stripe after the next attempt has looked for it, %s: one line",
  async (_name, amend, expected) => {
    const events = [await acme.take(101), await acme.take(19)];
    await bench.advance("PT2S");
    await bench.stripe.subscriptions.cancel(acme.subscriptionId);
    await bench.deliver();
    const real = bench.worker.stripe as StripeGateway;
    const late: (() => Promise<string>)[] = [];
    let asked = 0;
    bench.worker.stripe = {
      ...real,
      async createInvoiceItem(...request) {
        asked += 1;
        if (asked === 1) {
          late.push(() => real.createInvoiceItem(...request));
          throw new Error("no answer in time");
        }
        await late.pop()?.();
        return real.createInvoiceItem(...request);
      },
    };
    await closeDuePeriods(bench.worker);
    await reportOverage(bench.worker);
    if (amend) {
      await acme.takeBack(events[1] ?? "");
    }
    await finish();
    expect(await acme.billed()).toMatchObject([expected]);
  },
  60_000,
);
