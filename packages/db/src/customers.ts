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

/** The organization's Stripe customer; null: none yet, or none any more. */
export async function findCustomer(tx: Tx, organizationId: string): Promise<string | null> {
  const row = await tx
    .selectFrom("stripe_customer")
    .select("customer_id")
    .where("organization_id", "=", organizationId)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  return row?.customer_id ?? null;
}

/** A customer that an organization had until it was deleted at Stripe. */
export interface FormerCustomer {
  customerId: string;
  /** When we learned of it, by the clock that plans follow. */
  deletedAt: Date;
}

/** The customers that the organization had and that were deleted at Stripe, the last one first. */
export async function listFormerCustomers(tx: Tx, organizationId: string): Promise<FormerCustomer[]> {
  const rows = await tx
    .selectFrom("stripe_customer")
    .select(["customer_id as customerId", "deleted_at as deletedAt"])
    .where("organization_id", "=", organizationId)
    .where("deleted_at", "is not", null)
    .orderBy("deleted_at", "desc")
    .orderBy("created_at", "desc")
    .orderBy("customer_id")
    .execute();
  return rows as FormerCustomer[];
}

/** Notes that a customer was deleted at Stripe, once: the link stays, and the organization has no customer any more. */
export async function buryCustomer(tx: Tx, customerId: string, now: Date): Promise<void> {
  await tx
    .updateTable("stripe_customer")
    .set({ deleted_at: now })
    .where("customer_id", "=", customerId)
    .where("deleted_at", "is", null)
    .execute();
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
 * Ties a customer to an organization that has none, or none any more; false when either is tied to another already. What
 * was parked until somebody made the link is tried again.
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
