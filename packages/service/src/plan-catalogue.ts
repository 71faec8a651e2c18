import { listPrices, listVersionUses, type PriceRow, type VersionUse } from "@headroom/db/plan-prices";
import { listAllVersions, type VersionRow } from "@headroom/db/plan-versions";
import { withSystem } from "@headroom/db/tenancy";
import type { PriceRole } from "@headroom/domain/catalogue";
import { plainPrice } from "@headroom/domain/money";
import type { ServiceContext } from "./context.ts";

export interface CatalogueVersion {
  id: string;
  version: number;
  displayName: string;
  /** New customers get this one. */
  current: boolean;
  active: boolean;
  public: boolean;
  default: boolean;
  /** Organizations whose base plan it is, that subscribe to it at Stripe, that an operator gave it. */
  subscribers: { base: number; subscribed: number; assigned: number };
  prices: CataloguePriceView[];
}

export interface CataloguePriceView {
  /** `overage:` and a meter: the metered price of its overage. */
  role: PriceRole;
  interval: string;
  currency: string;
  unitAmount: string;
  lookupKey: string;
  /** null: Stripe does not have it, as far as we know. */
  stripePriceId: string | null;
  stripeProductId: string | null;
  archived: boolean;
}

/** Every version of every plan that there ever was, with who is on it. @param context `db` as hr_worker */
export async function listCatalogue(
  context: Pick<ServiceContext, "db">,
): Promise<{ plans: CatalogueVersion[] }> {
  return withSystem(context.db, async (tx) => {
    const [versions, prices] = [await listAllVersions(tx), await listPrices(tx)];
    const uses = await listVersionUses(tx);
    return { plans: versions.map((version) => toView(version, prices, uses)) };
  });
}

function toView(
  { id, version, ...row }: VersionRow,
  prices: readonly PriceRow[],
  uses: readonly VersionUse[],
): CatalogueVersion {
  const isIts = (one: { planId: string; planVersion: number }) =>
    one.planId === id && one.planVersion === version;
  const { base = 0, subscribed = 0, assigned = 0 } = uses.find(isIts) ?? {};
  return {
    id,
    version,
    ...row,
    active: row.active && row.current,
    subscribers: { base, subscribed, assigned },
    prices: prices.filter(isIts).map(({ role, interval, currency, lookupKey, ...price }) => ({
      role,
      interval,
      currency,
      unitAmount: plainPrice(price.unitAmount),
      lookupKey,
      stripePriceId: price.stripePriceId,
      stripeProductId: price.stripeProductId,
      archived: price.stripeArchived,
    })),
  };
}
