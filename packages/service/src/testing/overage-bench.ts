import { usageRequest } from "@headroom/db/testing/usage-requests";
import { consumeUsage } from "@headroom/db/usage";
import { expect } from "vitest";
import { startCheckout } from "../checkout.ts";
import { setMaxOverages } from "../max-overages.ts";
import { closeDuePeriods, reportOverage } from "../overage-reporting.ts";
import { voidUsage } from "../voids.ts";
import { createStripeBench, type StripeBench, type StripeBenchOptions } from "./stripe-bench.ts";

/** A subscribed organization whose overage is watched. */
export interface Subscriber {
  id: string;
  access: Awaited<ReturnType<StripeBench["organization"]>>["access"];
  customerId: string;
  subscriptionId: string;
  /** Takes units of jobs; answers the event's id. `record`: also above the cap. */
  take(quantity: number, mode?: "reject" | "record"): Promise<string>;
  /** Takes an event back. */
  takeBack(eventId: string): Promise<void>;
  /** The ledger, the oldest first. */
  ledger(): Promise<LedgerLine[]>;
  /** Every overage line that Stripe has on an invoice that is not void. */
  billed(): Promise<BilledLine[]>;
}

export interface LedgerLine {
  kind: string;
  quantity: number;
  amount: number;
  status: string;
  fixed: boolean;
  currency: string;
}

export interface BilledLine {
  invoice: string;
  reason: string | null;
  status: string | null;
  quantity: number;
  amount: number;
  currency: string;
}

export interface OverageBench extends StripeBench {
  subscriber(plan?: { planId?: string; interval?: "month" | "year"; currency?: string }): Promise<Subscriber>;
  /** What the worker does in a round, until nothing is left that it can do now. */
  work(): Promise<void>;
  /** Real time passes for what was put off. */
  due(): Promise<void>;
}

export async function createOverageBench(options: StripeBenchOptions = {}): Promise<OverageBench> {
  const bench = await createStripeBench({ events: true, ...options });
  const due = async () => {
    await bench.rows(
      "update headroom.overage set next_attempt_at = now() where status in ('pending', 'metered')",
    );
  };
  async function work(): Promise<void> {
    for (let round = 0; round < 4; round += 1) {
      await closeDuePeriods(bench.worker);
      await due();
      await reportOverage(bench.worker);
    }
  }
  return {
    ...bench,
    due,
    work,
    async subscriber({ planId = "pro", interval = "month", currency } = {}) {
      const { id, access } = await bench.organization();
      const manage = await access("billing.manage");
      const { checkoutUrl } = await startCheckout(bench.api, manage, {
        planId,
        interval,
        ...(currency === undefined ? {} : { currency }),
      });
      await bench.pay(checkoutUrl);
      await bench.deliver();
      await setMaxOverages(bench.api, manage, { units: 50 });
      const [row] = await bench.rows(
        `select s.stripe_subscription_id as subscription, c.customer_id as customer
         from headroom.subscription s join headroom.stripe_customer c using (organization_id)
         where s.organization_id = $1`,
        id,
      );
      const customerId = String(row?.customer);
      return {
        id,
        access,
        customerId,
        subscriptionId: String(row?.subscription),
        take: (quantity, mode) => take(bench, id, quantity, mode),
        takeBack: (eventId) => takeBack(bench, id, eventId),
        ledger: () => ledgerOf(bench, id),
        billed: () => billedTo(bench, customerId),
      };
    },
  };
}

async function take(
  bench: StripeBench,
  organizationId: string,
  quantity: number,
  mode: "reject" | "record" = "reject",
): Promise<string> {
  const credential = await bench.make.key(organizationId);
  const request = usageRequest(credential, { organizationId, meter: "jobs", quantity, mode });
  const [outcome] = await consumeUsage(bench.api.db, [request]);
  expect(outcome).toMatchObject({ outcome: "accepted", accepted: quantity });
  return outcome && "eventId" in outcome ? outcome.eventId : "";
}

async function takeBack(bench: StripeBench, organizationId: string, eventId: string): Promise<void> {
  const credential = await bench.make.key(organizationId);
  await voidUsage(bench.api, { credential, organizationId }, { eventId });
}

async function ledgerOf(bench: StripeBench, organizationId: string): Promise<LedgerLine[]> {
  const rows = await bench.rows(
    `select kind, quantity::int, amount::int, status, fixed, currency from headroom.overage
     where organization_id = $1 order by period_start, created_at, segment, id`,
    organizationId,
  );
  return rows as unknown as LedgerLine[];
}

async function billedTo(bench: StripeBench, customerId: string): Promise<BilledLine[]> {
  const { data } = await bench.stripe.invoices.list({ customer: customerId, limit: 100 });
  return data
    .filter(({ status }) => status !== "void")
    .reverse()
    .flatMap((invoice) =>
      invoice.lines.data
        .filter(({ metadata }) => metadata.headroom_overage !== undefined)
        .map((line) => ({
          invoice: invoice.id,
          reason: invoice.billing_reason,
          status: invoice.status,
          quantity: Number(line.metadata.headroom_quantity),
          amount: line.amount,
          currency: line.currency,
        })),
    );
}

/** Units and money of lines, added up. */
export function sumOf(lines: readonly { quantity: number; amount: number }[]) {
  return {
    quantity: lines.reduce((sum, line) => sum + line.quantity, 0),
    amount: lines.reduce((sum, line) => sum + line.amount, 0),
  };
}
