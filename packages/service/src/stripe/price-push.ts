import { linkPrice, listCurrentPrices } from "@headroom/db/plan-prices";
import { withSystem } from "@headroom/db/tenancy";
import type { Configuration } from "@headroom/domain/configuration";
import { type CatalogueEntry, type PlanChange, pricesOf } from "@headroom/domain/plans";
import type { ServiceContext } from "../context.ts";
import type { StripeGateway, StripePrice } from "./gateway.ts";

export interface PriceChange {
  lookupKey: string;
  /** linked: Stripe had it already, and the database did not know. */
  change: "created" | "linked" | "unchanged";
}

type Context = Pick<ServiceContext, "db" | "configuration"> & { stripe: StripeGateway };

/**
 * Makes the products and prices that Stripe lacks and writes down what they are called there. What is there is found
 * by lookup key, whatever the database believes: a run that was killed, or another Stripe account, is no special case.
 */
export async function pushPrices(
  context: Context,
  plans: readonly PlanChange[],
  { dryRun }: { dryRun: boolean },
): Promise<PriceChange[]> {
  const wanted = wantedPrices(context.configuration, plans);
  const known = await withSystem(context.db, listCurrentPrices);
  const found = await context.stripe.findPrices(wanted.map((price) => price.lookupKey));
  const changes: PriceChange[] = [];
  for (const price of wanted) {
    const { lookupKey } = price;
    const existing = found.find((one) => one.lookupKey === lookupKey);
    const linked = known.find((one) => one.lookupKey === lookupKey);
    const unchanged =
      existing?.id === linked?.stripePriceId && existing?.productId === linked?.stripeProductId;
    if (!dryRun && !(existing && unchanged)) {
      await link(context, lookupKey, existing ?? (await create(context, price)));
    }
    changes.push({ lookupKey, change: existing ? (unchanged ? "unchanged" : "linked") : "created" });
  }
  return changes;
}

function wantedPrices({ plans }: Configuration, changes: readonly PlanChange[]): CatalogueEntry[] {
  return changes.flatMap(({ id, version }) => {
    const plan = plans[id];
    return plan?.active ? pricesOf({ id, version }, plan) : [];
  });
}

async function create({ configuration, stripe }: Context, price: CatalogueEntry): Promise<StripePrice> {
  const { planId, planVersion, role, interval, currency, lookupKey, unitAmount } = price;
  const metadata = { headroom_plan: planId, headroom_role: role };
  const productId = `headroom_${planId}_${role}`;
  const displayName = configuration.plans[planId]?.displayName ?? planId;
  await stripe.ensureProduct({
    id: productId,
    name: role === "seat" ? `${displayName} seat` : displayName,
    metadata,
  });
  return stripe.createPrice(
    {
      productId,
      lookupKey,
      currency,
      interval,
      unitAmount,
      metadata: { ...metadata, headroom_plan_version: String(planVersion) },
    },
    `price:${lookupKey}`,
  );
}

async function link({ db }: Context, lookupKey: string, price: StripePrice): Promise<void> {
  const stripe = { productId: price.productId, priceId: price.id };
  await withSystem(db, (tx) => linkPrice(tx, lookupKey, stripe));
}
