import { linkPrice, type PriceRow, unlinkPrice } from "@headroom/db/plan-prices";
import { withSystem } from "@headroom/db/tenancy";
import { isUsageRole } from "@headroom/domain/catalogue";
import { plainPrice } from "@headroom/domain/money";
import type { FieldChange } from "@headroom/domain/plan-differences";
import { decidePrice, type FoundPrice, type PriceStep, priceMetadata } from "@headroom/domain/price-pushes";
import type { ServiceContext } from "../context.ts";
import { makeOnce } from "./faults.ts";
import type { StripeGateway } from "./gateway.ts";
import { productIdOf } from "./product-push.ts";

export interface PriceChange {
  lookupKey: string;
  /** linked: Stripe had it already, and the database did not know. conflict: other terms, not touched and not used. */
  change: PriceStep;
  fields: FieldChange[];
}

/** A price of ours, what Stripe has of it, and whether it is to be open: to be bought, or added to by who is on it. */
export interface WantedPrice {
  row: PriceRow;
  found: FoundPrice | null;
  open: boolean;
}

type Context = Pick<ServiceContext, "db"> & { stripe: StripeGateway };

/**
 * Makes one price at Stripe what the catalogue says, and writes down what it is called there. Terms can't be changed at
 * Stripe: a price that has others under our name is left alone, and forgotten where it was written down.
 */
export async function pushPrice(
  context: Context,
  { row, found, open }: WantedPrice,
  { dryRun, meters }: { dryRun: boolean; meters: ReadonlyMap<string, string> },
): Promise<PriceChange> {
  const { lookupKey } = row;
  const { step, fields } = decidePrice(row, found, open);
  if (!dryRun && step === "conflict") {
    await withSystem(context.db, (tx) => unlinkPrice(tx, lookupKey, found?.id ?? ""));
  } else if (!dryRun && step !== "unchanged") {
    const price = await carryOut(context.stripe, { row, found, open }, step, meters);
    const link = { productId: price.productId, priceId: price.id, archived: !price.active };
    await withSystem(context.db, (tx) => linkPrice(tx, lookupKey, link));
  }
  return { lookupKey, change: step, fields };
}

async function carryOut(
  stripe: StripeGateway,
  { row, found, open }: WantedPrice,
  step: PriceStep,
  meters: ReadonlyMap<string, string>,
): Promise<FoundPrice> {
  if (found === null) {
    return create(stripe, row, meters);
  }
  const labels = { lookupKey: row.lookupKey, active: open, metadata: priceMetadata(row) };
  return step === "linked" ? found : stripe.updatePrice(found.id, labels);
}

function create(
  stripe: StripeGateway,
  row: PriceRow,
  meters: ReadonlyMap<string, string>,
): Promise<FoundPrice> {
  const { currency, interval, lookupKey } = row;
  const unitAmount = plainPrice(row.unitAmount);
  const meterId = isUsageRole(row.role) ? (meters.get(row.role) ?? null) : null;
  const price = { productId: productIdOf(row), lookupKey, currency, interval, unitAmount, meterId };
  return makeOnce(
    `price:${lookupKey}:${unitAmount}`,
    (key) => stripe.createPrice({ ...price, metadata: priceMetadata(row) }, key),
    async () => (await stripe.findPrices([lookupKey]))[0] ?? null,
  );
}
