import { getBilling } from "@headroom/service/billing";
import { startCheckout } from "@headroom/service/checkout";
import { sweepInbox } from "@headroom/service/customer-sync";
import { deliveriesSince } from "@headroom/stripe-sandbox/testing/controls";
import type { WebhookBench } from "./webhook-bench.ts";

/** An organization in a drill: what Headroom says of it, and what its customer has at Stripe. */
export interface Shop {
  id: string;
  customerId: string;
  subscriptionId: string;
  billing(): ReturnType<typeof getBilling>;
  access: Awaited<ReturnType<Awaited<ReturnType<WebhookBench["organization"]>>["access"]>>;
  /** Sets the seats in Stripe's dashboard: only an event tells us. */
  setSeatsAtStripe(quantity: number): Promise<void>;
}

/** An organization that has just bought the plan `pro` with seats. */
export async function openShop(bench: WebhookBench, seats = 1): Promise<Shop> {
  const organization = await bench.organization();
  const access = await organization.access("billing.manage");
  const { checkoutUrl } = await startCheckout(bench.api, access, { planId: "pro", seats });
  await bench.pay(checkoutUrl);
  await arrived(bench);
  const [row] = await bench.rows(
    `select s.stripe_subscription_id, s.seat_item_id, c.customer_id
     from headroom.subscription s join headroom.stripe_customer c using (organization_id) where organization_id = $1`,
    organization.id,
  );
  const item = String(row?.seat_item_id);
  return {
    id: organization.id,
    customerId: String(row?.customer_id),
    subscriptionId: String(row?.stripe_subscription_id),
    billing: async () => getBilling(bench.api, await organization.access("billing.view")),
    access,
    setSeatsAtStripe: async (quantity) => {
      await bench.stripe.subscriptionItems.update(item, { quantity });
    },
  };
}

/** Until Stripe has nothing to send any more, and nothing that came waits. */
export async function arrived(bench: WebhookBench): Promise<void> {
  for (const until = Date.now() + 10_000; ; ) {
    const sending = (await deliveriesSince(bench.sandboxUrl)).filter(({ state }) => state === "pending");
    const waiting = await bench.rows("select type from headroom.stripe_inbox where status = 'pending'");
    if (sending.length + waiting.length === 0) return;
    if (Date.now() > until) throw new Error(`not arrived: ${JSON.stringify({ sending, waiting })}`);
    await sweepInbox(bench.worker);
  }
}

/** The worker's sweeps of the inbox, until nothing is due any more. */
export async function applyAll({ worker }: Pick<WebhookBench, "worker">): Promise<void> {
  while ((await sweepInbox(worker)).customers > 0) {
    // Until nothing waits.
  }
}

/** What the audit trail tells that Stripe has caused, in its order. */
export async function toldOf(bench: WebhookBench, organizationId: string): Promise<string[]> {
  const rows = await bench.rows(
    "select action from headroom.audit_entry where organization_id = $1 and actor_kind = 'system' order by seq",
    organizationId,
  );
  return rows.map(({ action }) => String(action));
}
