import { linkMeter } from "@headroom/db/configurations";
import { withSystem } from "@headroom/db/tenancy";
import { isUsageRole } from "@headroom/domain/catalogue";
import { eventNameOf } from "@headroom/domain/meter-pushes";
import { failpoint } from "@headroom/platform/failpoints";
import type { ServiceContext } from "../context.ts";
import type { StripeGateway } from "./gateway.ts";
import type { EnsuredMeter } from "./meter-calls.ts";
import type { WantedPrice } from "./price-push.ts";

type Context = Pick<ServiceContext, "db" | "configuration"> & { stripe: StripeGateway };

/** What became of a billing meter at Stripe. */
export interface StripeMeterChange {
  eventName: string;
  change: EnsuredMeter["change"];
}

/**
 * Stripe's billing meters for the metered prices that are to be open: found by their event names, which follow from ours, and
 * made where Stripe lacks them. `ids`: by the prices' roles; in a dry run without those that would be made.
 */
export async function ensureMeters(
  { db, stripe, configuration }: Context,
  wanted: readonly WantedPrice[],
  { dryRun }: { dryRun: boolean },
): Promise<{ ids: ReadonlyMap<string, string>; changes: StripeMeterChange[] }> {
  const roles = new Set(wanted.filter(({ open }) => open).map(({ row }) => row.role));
  const ids = new Map<string, string>();
  const changes: StripeMeterChange[] = [];
  for (const role of [...roles].filter(isUsageRole)) {
    const meter = role.slice("overage:".length);
    const displayName = configuration.meters[meter]?.displayName ?? meter;
    const eventName = eventNameOf(meter);
    const { id, change } = await stripe.ensureMeter({ eventName, displayName }, { dryRun });
    failpoint("plans.meter_made");
    changes.push({ eventName, change });
    if (id !== null) {
      ids.set(role, id);
    }
    if (id !== null && !dryRun) {
      await withSystem(db, (tx) => linkMeter(tx, meter, id));
    }
  }
  return { ids, changes };
}
