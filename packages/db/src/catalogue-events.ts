import { sql } from "kysely";
import { type InboxFault, laterAfter } from "./inbox.ts";
import type { Tx } from "./tenancy.ts";

/** Events about one product or price of Stripe's, which belong to no customer. */
export interface CatalogueEvents {
  /** `prod_…` or an id of our own, `price_…`. */
  objectId: string;
  kind: "product" | "price";
  /** The newest one's number. */
  seq: number;
}

/** What waits to be applied to the catalogue and is due, one entry for each object, the longest waiting first. */
export async function listCatalogueEvents(tx: Tx, most: number): Promise<CatalogueEvents[]> {
  const { rows } = await sql<CatalogueEvents>`
    select object_id as "objectId", split_part(regexp_replace(min(type), '^v1\\.', ''), '.', 1) as kind, max(seq) as seq
    from stripe_inbox
    where status = 'pending' and customer_id is null and object_id is not null and next_attempt_at <= clock_timestamp()
      and type ~ '^(v1\\.)?(price|product)\\.'
    group by object_id order by min(seq) limit ${most}`.execute(tx);
  return rows;
}

/** Marks them as applied. */
export async function closeCatalogueEvents(tx: Tx, { objectId, seq }: CatalogueEvents): Promise<void> {
  await waiting(tx, objectId, seq)
    .set({ status: "applied", applied_at: sql`clock_timestamp()`, last_error: null })
    .execute();
}

/** Puts them off, as `putOffEvents` does those of a customer. */
export async function putOffCatalogueEvents(
  tx: Tx,
  { objectId, seq }: CatalogueEvents,
  fault: InboxFault,
): Promise<void> {
  await waiting(tx, objectId, seq).set(laterAfter(fault)).execute();
}

function waiting(tx: Tx, objectId: string, seq: number) {
  return tx
    .updateTable("stripe_inbox")
    .where("object_id", "=", objectId)
    .where("customer_id", "is", null)
    .where("status", "=", "pending")
    .where("seq", "<=", seq);
}
