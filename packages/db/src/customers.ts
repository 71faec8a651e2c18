import { type Kysely, sql } from "kysely";
import { wakeCustomerEvents } from "./inbox-parking.ts";
import type { DB } from "./schema.ts";
import type { Tx } from "./tenancy.ts";

/** The organization that a Stripe customer belongs to, from any transaction; null: we know no such customer. */
export async function organizationOfCustomer(kysely: Kysely<DB>, customerId: string): Promise<string | null> {
  const { rows } = await sql<{
    id: string | null;
  }>`select organization_of_customer(${customerId}) as id`.execute(kysely);
  return rows[0]?.id ?? null;
}

/** The organization's Stripe customer; null: none yet. */
export async function findCustomer(tx: Tx, organizationId: string): Promise<string | null> {
  const row = await tx
    .selectFrom("stripe_customer")
    .select("customer_id")
    .where("organization_id", "=", organizationId)
    .executeTakeFirst();
  return row?.customer_id ?? null;
}

export interface CustomerLink {
  customerId: string;
  organizationId: string;
}

/** The links of these customers and of these organizations. As hr_worker. */
export async function listLinks(
  tx: Tx,
  wanted: { customerIds: readonly string[]; organizationIds: readonly string[] },
): Promise<CustomerLink[]> {
  const { rows } = await sql<CustomerLink>`
    select customer_id as "customerId", organization_id as "organizationId"
    from customer_links(${[...wanted.customerIds]}, ${[...wanted.organizationIds]}::uuid[])`.execute(tx);
  return rows;
}

/**
 * Ties a customer to an organization that has none; false when either is tied to another already. What was parked until
 * somebody made the link is tried again.
 */
export async function linkCustomer(
  tx: Tx,
  organizationId: string,
  customerId: string,
  now: Date,
): Promise<boolean> {
  await tx
    .insertInto("stripe_customer")
    .values({ customer_id: customerId, organization_id: organizationId, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  if ((await findCustomer(tx, organizationId)) !== customerId) {
    return false;
  }
  await wakeCustomerEvents(tx, customerId);
  return true;
}
