import type { SubscriptionSnapshot } from "@headroom/domain/subscriptions";
import { uuidv7 } from "@headroom/platform/uuid";
import type Stripe from "stripe";
import { call, StripeFault } from "./faults.ts";
import type { CustomerCalls } from "./gateway.ts";
import { itemsOf, toSnapshot } from "./live-subscriptions.ts";
import { organizationIn, organizationMetadata } from "./metadata.ts";

export function customerCalls(stripe: Stripe): CustomerCalls {
  return {
    async createCustomer(organizationId, key) {
      const fields = { metadata: organizationMetadata(organizationId) };
      return (await call(() => stripe.customers.create(fields, { idempotencyKey: key }))).id;
    },
    async describeCustomer(customerId, { name, email }) {
      const fields = { name, ...(email === undefined ? {} : { email: email ?? "" }) };
      await call(() => stripe.customers.update(customerId, fields, { idempotencyKey: uuidv7() }));
    },
    async *listCustomers() {
      for await (const { id, metadata } of pages((after) =>
        stripe.customers.list({ limit: 100, ...after }),
      )) {
        yield { id, organizationId: organizationIn(metadata) };
      }
    },
    async *listSubscriptions() {
      const query = { status: "all", limit: 100, expand: ["data.latest_invoice"] } as const;
      const list = (after: Cursor) =>
        stripe.subscriptions.list({ ...query, expand: [...query.expand], ...after });
      for await (const one of pages(list)) {
        const customerId = typeof one.customer === "string" ? one.customer : one.customer.id;
        const organizationId = organizationIn(one.metadata);
        yield { customerId, organizationId, subscription: toSnapshot(one, await itemsOf(stripe, one)) };
      }
    },
    async fetchCustomer(customerId) {
      const customer = await findCustomer(stripe, customerId);
      if (customer === null) {
        return null;
      }
      const subscriptions: SubscriptionSnapshot[] = [];
      const expand = ["data.latest_invoice", "data.schedule"];
      const query = { customer: customerId, status: "all", limit: 100, expand };
      await call(async () => {
        for await (const subscription of stripe.subscriptions.list(query)) {
          const open = isBehind(subscription) ? await listOpenInvoices(stripe, subscription.id) : [];
          subscriptions.push(toSnapshot(subscription, await itemsOf(stripe, subscription), open));
        }
      });
      return { organizationId: organizationIn(customer.metadata), subscriptions };
    },
  };
}

function isBehind({ status }: Stripe.Subscription): boolean {
  return status === "past_due" || status === "unpaid";
}

/** What is still to be paid for a subscription. */
async function listOpenInvoices(stripe: Stripe, subscription: string): Promise<Stripe.Invoice[]> {
  const open: Stripe.Invoice[] = [];
  for await (const invoice of stripe.invoices.list({ subscription, status: "open", limit: 100 })) {
    open.push(invoice);
  }
  return open;
}

type Cursor = { starting_after?: string };

async function* pages<Item extends { id: string }>(
  list: (after: Cursor) => Promise<{ data: Item[]; has_more: boolean }>,
): AsyncGenerator<Item> {
  for (let after: string | null = null; ; ) {
    const cursor: Cursor = after === null ? {} : { starting_after: after };
    const page: { data: Item[]; has_more: boolean } = await call(() => list(cursor));
    yield* page.data;
    after = page.data.at(-1)?.id ?? null;
    if (!page.has_more || after === null) {
      return;
    }
  }
}

// Stripe remembers deleted customers for ever. One of whom it has never heard is of another account or mode: the key is
// wrong, and nobody must lose their plan by it.
async function findCustomer(stripe: Stripe, id: string): Promise<Stripe.Customer | null> {
  try {
    const customer = await call(() => stripe.customers.retrieve(id));
    return customer.deleted ? null : customer;
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "missing") {
      const { requestId } = error;
      throw new StripeFault("credentials", `the Stripe account does not know the customer ${id}`, {
        requestId,
        cause: error,
      });
    }
    throw error;
  }
}
