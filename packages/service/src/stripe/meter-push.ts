import { linkMeter } from "@headroom/db/configurations";
import { withSystem } from "@headroom/db/tenancy";
import { isUsageRole } from "@headroom/domain/catalogue";
import { eventNameOf } from "@headroom/domain/meter-pushes";
import type { ServiceContext } from "../context.ts";
import type { StripeGateway } from "./gateway.ts";
import type { WantedPrice } from "./price-push.ts";

type Context = Pick<ServiceContext, "db" | "configuration"> & { stripe: StripeGateway };

/**
 * Stripe's billing meters for the metered prices that are to be open, by the prices' roles: found by their event names,
 * which follow from ours, and made where Stripe lacks them.
 */
export async function ensureMeters(
  { db, stripe, configuration }: Context,
  wanted: readonly WantedPrice[],
): Promise<ReadonlyMap<string, string>> {
  const roles = new Set(wanted.filter(({ open }) => open).map(({ row }) => row.role));
  const ids = new Map<string, string>();
  for (const role of [...roles].filter(isUsageRole)) {
    const meter = role.slice("overage:".length);
    const displayName = configuration.meters[meter]?.displayName ?? meter;
    const id = await stripe.ensureMeter({ eventName: eventNameOf(meter), displayName });
    await withSystem(db, (tx) => linkMeter(tx, meter, id));
    ids.set(role, id);
  }
  return ids;
}
