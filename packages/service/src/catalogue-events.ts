import {
  type CatalogueEvents,
  closeCatalogueEvents,
  listCatalogueEvents,
  putOffCatalogueEvents,
} from "@headroom/db/catalogue-events";
import { wakeUnknownPrices } from "@headroom/db/inbox-parking";
import { withSystem } from "@headroom/db/tenancy";
import { syncCatalogueObject } from "./catalogue-sync.ts";
import type { ServiceContext } from "./context.ts";
import { type CustomerLease, withCustomerLease } from "./customer-leases.ts";
import { isPassing } from "./stripe/faults.ts";

type Context = Pick<ServiceContext, "db" | "stripe" | "log">;

/** The catalogue is synced by one process at a time, as a customer is: under a lease of this name. */
const catalogueLease = "catalogue";
const objectsAtOnce = 100;

/**
 * Applies the events about products and prices that wait, each object once by refetching it; then lets customers be tried
 * again whose price was not known. Another process that is at it sees them too.
 * @param context `db` as hr_worker. @returns how many objects were synced
 */
export async function applyCatalogueEvents(context: Context): Promise<number> {
  const { db, stripe } = context;
  const list = () => withSystem(db, (tx) => listCatalogueEvents(tx, objectsAtOnce));
  if (stripe === null || (await list()).length === 0) {
    return 0;
  }
  const synced = await withCustomerLease(context, catalogueLease, async (lease) => {
    let count = 0;
    for (const events of await list()) {
      count += await applyOne({ ...context, stripe }, lease, events);
    }
    // A price that is not ours may have got the metadata that makes it ours: nothing of our own changes then.
    if (count > 0) {
      await withSystem(db, wakeUnknownPrices);
    }
    return count;
  });
  return synced === "busy" ? 0 : synced;
}

async function applyOne(
  context: Context & { stripe: NonNullable<ServiceContext["stripe"]> },
  lease: CustomerLease,
  events: CatalogueEvents,
): Promise<0 | 1> {
  const { db, log } = context;
  const { kind, objectId } = events;
  try {
    const object = kind === "product" ? { productId: objectId } : { priceId: objectId };
    const { changed } = await syncCatalogueObject(context, object);
    await withSystem(db, async (tx) => {
      await lease.assertHeld(tx);
      await closeCatalogueEvents(tx, events);
    });
    log.info({ kind, objectId, changed }, "Stripe catalogue event applied");
    return 1;
  } catch (fault) {
    log.error({ err: fault, kind, objectId }, "Stripe catalogue event put off");
    const message = fault instanceof Error ? fault.message : String(fault);
    await withSystem(db, (tx) => putOffCatalogueEvents(tx, events, { message, passing: isPassing(fault) }));
    return 0;
  }
}
