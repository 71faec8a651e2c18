import { writePortalConfiguration } from "@headroom/db/configurations";
import { listPrices, listVersionUses, type PriceRow, type VersionUse } from "@headroom/db/plan-prices";
import { listCurrentPlans, type PlanRow } from "@headroom/db/plans";
import { withSystem } from "@headroom/db/tenancy";
import { isUsageRole } from "@headroom/domain/catalogue";
import { type PlanChange, pricesOf, usagePricesOf } from "@headroom/domain/plans";
import { type FoundPrice, findPriceOf } from "@headroom/domain/price-pushes";
import { failpoint } from "@headroom/platform/failpoints";
import type { ServiceContext } from "../context.ts";
import type { StripeGateway } from "./gateway.ts";
import { ensureMeters, type StripeMeterChange } from "./meter-push.ts";
import { type PriceChange, pushPrice, type WantedPrice } from "./price-push.ts";
import { newProduct, type ProductChange, productIdOf, pushProduct } from "./product-push.ts";

export interface StripePush {
  products: ProductChange[];
  prices: PriceChange[];
  /** Stripe's billing meters, where overage goes by them. */
  stripeMeters: StripeMeterChange[];
  /** What became of the customer portal's configuration. */
  portal: "created" | "updated" | "unchanged";
}

/** How far a long piece of work has come. */
export type Report = (done: number, total: number) => void;

type Context = Pick<ServiceContext, "db" | "configuration"> & { stripe: StripeGateway };

/**
 * Makes Stripe's products, prices and portal what the catalogue says: creates what it lacks, opens and archives, sets
 * right what was edited there. What is there is found by the id that was written down, else by lookup key: a run that was
 * killed, or another Stripe account, is no special case. Nothing is ever deleted.
 * @param plans as `pushPlans` has written them, or would.
 */
export async function pushToStripe(
  context: Context,
  plans: readonly PlanChange[],
  { dryRun, report = () => undefined }: { dryRun: boolean; report?: Report | undefined },
): Promise<StripePush> {
  const { db, stripe } = context;
  const catalogue = await readRows(context, plans);
  const found = await findAll(
    stripe,
    catalogue.rows.map(({ row }) => row),
  );
  const wanted = catalogue.rows.map((one): WantedPrice => ({ ...one, found: findPriceOf(one.row, found) }));
  const products = productsOf(wanted, catalogue.names);
  const total = products.length + wanted.length;
  const push: StripePush = { products: [], prices: [], stripeMeters: [], portal: "unchanged" };
  let done = 0;
  // What is archived and stays so is not worth a line.
  const isNews = (change: { change: string }, open: boolean) => open || change.change !== "unchanged";
  for (const { product, open } of products) {
    const change = await pushProduct(stripe, product, { open, dryRun });
    push.products.push(...(isNews(change, open) ? [change] : []));
    report(++done, total);
  }
  const { ids: meters, changes } = await ensureMeters(context, wanted, { dryRun });
  push.stripeMeters = changes;
  for (const price of wanted) {
    const change = await pushPrice(context, price, { dryRun, meters });
    push.prices.push(...(isNews(change, price.open) ? [change] : []));
    report(++done, total);
  }
  if (!dryRun) {
    const { id, change } = await stripe.ensurePortalConfiguration();
    failpoint("plans.portal_made");
    await withSystem(db, (tx) => writePortalConfiguration(tx, id));
    push.portal = change;
  }
  return push;
}

/**
 * Every price there ever was. Open: sold, or of a version that somebody is on, or is paying for at this moment. In a dry
 * run also the prices of the versions that would be written.
 */
async function readRows({ db, configuration }: Context, changes: readonly PlanChange[]) {
  const [rows, uses, current] = await withSystem(db, async (tx) => [
    await listPrices(tx),
    await listVersionUses(tx),
    await listCurrentPlans(tx),
  ]);
  const bySink = configuration.policies.overage.sink === "meter";
  const isSold = ({ planId, planVersion }: PriceRow) =>
    configuration.plans[planId]?.active === true &&
    changes.some(({ id, version }) => id === planId && version === planVersion);
  const unwritten = changes.flatMap(({ id, version }) => {
    const plan = configuration.plans[id];
    const isWritten = current.some((one) => one.id === id && one.version === version);
    const usage = plan && bySink ? usagePricesOf({ id, version }, plan) : [];
    const known = new Set(rows.map(({ lookupKey }) => lookupKey));
    const priced = plan && !isWritten ? pricesOf({ id, version }, plan) : [];
    return [...priced, ...usage.filter(({ lookupKey }) => !known.has(lookupKey))];
  });
  const unlinked = { stripeProductId: null, stripePriceId: null, stripeArchived: false };
  const all = [...rows, ...unwritten.map((entry): PriceRow => ({ ...entry, ...unlinked }))];
  return {
    names: displayNames(current, configuration.plans),
    rows: all.map((row) => ({
      row,
      // Metered prices are for nobody while overage goes by invoice items.
      open: (bySink || !isUsageRole(row.role)) && (isSold(row) || isHeld(row, uses)),
    })),
  };
}

function displayNames(
  stored: readonly PlanRow[],
  configured: Context["configuration"]["plans"],
): ReadonlyMap<string, string> {
  return new Map([
    ...stored.map(({ id, definition }): [string, string] => [id, definition.displayName]),
    ...Object.entries(configured).map(([id, { displayName }]): [string, string] => [id, displayName]),
  ]);
}

function isHeld({ planId, planVersion }: PriceRow, uses: readonly VersionUse[]): boolean {
  return uses.some(
    (use) => use.planId === planId && use.planVersion === planVersion && use.subscribed + use.checkouts > 0,
  );
}

async function findAll(stripe: StripeGateway, rows: readonly PriceRow[]): Promise<FoundPrice[]> {
  const found = await stripe.findPrices(rows.map(({ lookupKey }) => lookupKey));
  // One that was written down and has lost its name.
  for (const { stripePriceId } of rows) {
    if (stripePriceId !== null && !found.some(({ id }) => id === stripePriceId)) {
      const price = await stripe.fetchPrice(stripePriceId);
      found.push(...(price === null ? [] : [price]));
    }
  }
  return found;
}

/** The products behind the prices; those that prices were given by hand are not ours to change. */
function productsOf(wanted: readonly WantedPrice[], names: ReadonlyMap<string, string>) {
  const ours = wanted.filter(({ row, found }) => found === null || found.productId === productIdOf(row));
  return [...Map.groupBy(ours, ({ row }) => productIdOf(row)).values()].flatMap((prices) => {
    const [first] = prices;
    const name = first && names.get(first.row.planId);
    return first && name !== undefined
      ? [{ product: newProduct(first.row, name), open: prices.some(({ open }) => open) }]
      : [];
  });
}
